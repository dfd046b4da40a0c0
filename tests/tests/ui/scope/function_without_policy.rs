use secure_runtime::route;

async fn open() -> &'static str {
    ""
}

fn main() {
    let _ = secure_runtime::scope("").route("/", route::get().to(open)); //~ ERROR this handler has no security policy
}
