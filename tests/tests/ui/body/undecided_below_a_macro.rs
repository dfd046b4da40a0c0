use actix_web::{post, web};
use secure_runtime::secure;

macro_rules! handler {
    ($name:ident, $ty:ty) => {
        #[secure]
        #[post("/")]
        async fn $name(body: $ty) -> &'static str {
            loop {}
        }
    };
}

handler!(one, web::Json<u32>); //~ ERROR holds a request body

fn main() {}
