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

#[secure(allow = document.as_ref().is_some_and(|it| it.owner == caller.subject()))]
#[get("/{id}")]
async fn handler(document: Option<Granted<Document>>) -> String { //~ ERROR `Granted` must be the whole type of a parameter
    document.map(|document| document.owner.clone()).unwrap_or_default()
}

fn main() {}
