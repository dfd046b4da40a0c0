use actix_web::{get, web, Error, HttpRequest};
use secure_runtime::{secure, Loaded, Principal, Resource};
use serde::Deserialize;

struct Document {
    owner: String,
}

impl Resource for Document {
    type Key = u32;

    async fn load(_: u32, _: &HttpRequest) -> Result<Option<Self>, Error> {
        Ok(None)
    }
}

#[derive(Deserialize)]
struct Page {
    size: u32,
}

#[secure(allow = document.owner == caller.subject(), hide)]
#[get("/documents/{document}")]
async fn show(
    (document, page): (Loaded<Document>, web::Query<Page>), //~ ERROR `Loaded` must be the whole type of a parameter with `hide`
    caller: Principal,
) -> String {
    format!("{} {} {}", document.owner, page.size, caller.subject())
}

fn main() {}
