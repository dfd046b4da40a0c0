use actix_web::{get, Error, HttpRequest};
use secure_runtime::{secure, Loaded, Principal, Resource};

struct Document {
    owner: String,
    lines: u32,
}

impl Resource for Document {
    type Key = u32;

    async fn load(_: u32, _: &HttpRequest) -> Result<Option<Self>, Error> {
        Ok(None)
    }
}

#[secure(
    allow = document.owner == caller.subject(),
    hide,
    rate("1000/h", cost = document.lines.div_ceil(100)) //~ ERROR `cost` cannot use a resource together with `hide`
)]
#[get("/documents/{document}")]
async fn show(document: Loaded<Document>, caller: Principal) -> String {
    format!("{} {}", document.lines, caller.subject())
}

fn main() {}
