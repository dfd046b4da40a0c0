use actix_web::{Error, HttpRequest, get};
use secure_runtime::{Granted, Loaded, Resource, secure};

struct Document {
    owner: String,
}

impl Resource for Document {
    type Key = u32;

    async fn load(_: u32, _: &HttpRequest) -> Result<Option<Self>, Error> {
        Ok(None)
    }
}

#[secure(allow = document.owner == caller.subject())]
#[get("/{id}")]
async fn handler(document: Granted<Document>, again: Loaded<Document>) -> String { //~ ERROR `Document` is loaded twice
    document.owner.clone() + &again.owner
}

fn main() {}
