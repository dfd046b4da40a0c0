use actix_web::{put, web, Error, HttpRequest};
use secure_runtime::{secure, Denial, Loaded, Principal, Resource};
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

#[derive(Deserialize, validator::Validate)]
struct Edit {
    #[validate(length(max = 10))]
    owner: String,
}

async fn may_change(_: &Principal, _: &Document, _: &web::Json<Edit>) -> Result<(), Denial> {
    Ok(())
}

#[secure(check = may_change(document, edit), hide, validate(edit))] //~ ERROR `hide` expects rules about the resource that need no body
#[put("/documents/{document}")]
async fn change(document: Loaded<Document>, edit: web::Json<Edit>, caller: Principal) -> String {
    format!("{} {} {}", document.owner, edit.owner, caller.subject())
}

fn main() {}
