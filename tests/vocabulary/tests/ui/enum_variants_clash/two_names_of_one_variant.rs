secure_runtime::vocabulary! {
    pub enum Permission = permissions; //~ ERROR the permissions `orders.read` and `orders:read` would both be `OrdersRead`
}

fn main() {
    let _ = Permission::OrdersWrite;
}
