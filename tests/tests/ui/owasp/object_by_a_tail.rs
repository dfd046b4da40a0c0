use actix_web::get;
use secure_runtime::secure;

#[secure]
#[get("/files/{file:.*}")] //~ ERROR `{file}` names an object
async fn handler() -> &'static str {
    ""
}

fn main() {}
