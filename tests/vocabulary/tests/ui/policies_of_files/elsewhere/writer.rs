macro_rules! write {
    () => {
        #[secure_runtime::secure]
        #[actix_web::get("/orders")]
        async fn orders() -> &'static str {
            "orders"
        }
    };
}
