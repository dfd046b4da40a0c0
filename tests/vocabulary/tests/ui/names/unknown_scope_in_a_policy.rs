secure_runtime::policy! {
    customers = (scopes = "order"); //~ ERROR unknown scope `order`
}

fn main() {}
