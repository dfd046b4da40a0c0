use actix_web::get;
use secure_runtime::secure;

struct Foo;

#[secure(public)]
#[get("/")]
async fn handler(foo: Foo) -> &'static str { //~ ERROR not an extractor
    let _ = foo;
    ""
}

fn main() {}
