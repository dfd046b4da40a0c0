secure_runtime::vocabulary! {
    pub enum Permission = permissions;
}

#[secure_runtime::secure(permissions = Permission::OrdersRead)] //~ ERROR `Permission` is looked up where each handler stands
mod office {
    use actix_web::get;

    #[get("/orders")]
    async fn orders() -> &'static str {
        "orders"
    }
}

fn main() {}
