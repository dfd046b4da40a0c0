secure_runtime::vocabulary! {
    pub enum Permission { OrdersRead } //~ ERROR expected `=`
}

fn main() {}
