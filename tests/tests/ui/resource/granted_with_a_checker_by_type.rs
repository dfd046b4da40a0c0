use actix_web::{HttpRequest, get};
use secure_runtime::{Denial, Granted, Principal, Resource, secure};

struct Document {
    owner: String,
}

impl Resource for Document {
    type Key = u32;

    async fn load(_: u32, _: &HttpRequest) -> Result<Option<Self>, actix_web::Error> {
        Ok(None)
    }
}

async fn owns(_: &Principal) -> Result<(), Denial> {
    Ok(())
}

#[secure(check = owns, allow = document.owner == "ada")] //~ ERROR `check` expects the names of its parameters, because one is `Granted`
#[get("/documents/{id}")]
async fn handler(document: Granted<Document>) -> &'static str {
    let _ = document;
    ""
}

fn main() {}
