use secure_runtime::secure;

trait Handlers {
    #[secure(roles = "admin")]
    async fn handler() -> &'static str; //~ ERROR found a declaration
}

fn main() {}
