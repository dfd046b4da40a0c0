use secure_runtime::secure;

struct Handlers;

impl Handlers {
    #[secure(roles = "admin")]
    async fn handler(&self) -> &'static str { //~ ERROR found a method
        ""
    }
}

fn main() {}
