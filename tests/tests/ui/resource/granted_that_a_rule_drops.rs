use actix_web::{HttpRequest, get};
use secure_runtime::{Granted, Resource, secure};

struct Document {
    owner: String,
}

impl Resource for Document {
    type Key = u32;

    async fn load(_: u32, _: &HttpRequest) -> Result<Option<Self>, actix_web::Error> {
        Ok(None)
    }
}

#[secure(allow = { &document.owner; caller.tenant().is_some() })] //~ ERROR expects a rule about it
#[get("/documents/{id}")]
async fn handler(document: Granted<Document>) -> &'static str {
    let _ = document;
    ""
}

fn main() {}
