secure_runtime::vocabulary! {
    pub enum Permission = permissions;
}

#[secure_runtime::secure(permissions = Permission::OrdersRead)] //~ ERROR `Permission` is looked up in each handler's module
mod office {
    use actix_web::get;

    #[get("/orders")]
    async fn orders() -> &'static str {
        "orders"
    }
}

fn main() {}
