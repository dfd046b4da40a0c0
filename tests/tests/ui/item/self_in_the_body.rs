use secure_runtime::{route, secure};

struct Api;

impl Api {
    const NAME: &'static str = "";

    #[secure(roles = "admin")]
    async fn handler() -> &'static str {
        if true { Self::NAME } else { "" } //~ ERROR a secured handler expects the name of the type, found `Self`
    }
}

fn main() {
    drop(secure_runtime::scope("").route("/", route::get().to(Api::handler)));
    drop(Api::NAME);
}
