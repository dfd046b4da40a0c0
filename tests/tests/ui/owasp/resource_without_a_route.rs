use actix_web::{Error, HttpRequest};
use secure_runtime::{Loaded, Resource, secure};

struct Document {
    owner: String,
}

impl Resource for Document {
    type Key = u32;

    async fn load(_: u32, _: &HttpRequest) -> Result<Option<Self>, Error> {
        Ok(None)
    }
}

#[secure]
async fn handler(document: Loaded<Document>) -> String { //~ ERROR `Loaded` names an object, and any caller can request any object
    document.owner.clone()
}

fn main() {}
