use actix_web::{Error, HttpRequest, get};
use secure_runtime::{Granted, Principal, Resource, secure};

struct Document {
    owner: String,
}

impl Resource for Document {
    type Key = u32;

    async fn load(_: u32, _: &HttpRequest) -> Result<Option<Self>, Error> {
        Ok(None)
    }
}

trait HasDocument {
    fn document(&self) -> bool;
}

impl HasDocument for Principal {
    fn document(&self) -> bool {
        true
    }
}

#[secure(allow = caller.document())]
#[get("/{id}")]
async fn handler(document: Granted<Document>) -> String { //~ ERROR `document: Granted` expects a rule about it
    document.owner.clone()
}

fn main() {}
