use actix_web::{post, web};
use secure_runtime::secure;

type Data = web::Json<u32>;

#[secure]
#[post("/")]
async fn handler(data: Data) -> String { //~ ERROR `data` holds a request body
    data.to_string()
}

fn main() {}
