use actix_web::dev::Payload;
use actix_web::{post, FromRequest, HttpRequest};
use secure_runtime::secure;

struct MultipartForm<T>(T);

impl<T> FromRequest for MultipartForm<T> {
    type Error = actix_web::Error;
    type Future = std::future::Pending<Result<Self, Self::Error>>;

    fn from_request(_: &HttpRequest, _: &mut Payload) -> Self::Future {
        std::future::pending()
    }
}

#[secure(roles = "customer")]
#[post("/")]
async fn handler(upload: MultipartForm<u32>) -> &'static str { //~ ERROR holds a request body
    let _ = upload.0;
    ""
}

fn main() {}
