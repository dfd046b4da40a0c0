use actix_web::{Error, HttpRequest, get};
use secure_runtime::{Granted, Resource, secure};

struct Document {
    owner: String,
}

impl Resource for Document {
    type Key = u32;

    async fn load(_: u32, _: &HttpRequest) -> Result<Option<Self>, Error> {
        Ok(None)
    }
}

type Mine = Granted<Document>;

#[secure(allow = document.owner == caller.subject())]
#[get("/{id}")]
async fn handler(document: Mine) -> String { //~ ERROR `document` holds a `Granted` behind a type alias: write `document: Granted<…>`
    document.owner.clone()
}

fn main() {}
