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

async fn may_change(_: &Principal, _: &Loaded<Document>) -> Result<(), Denial> {
    Ok(())
}

#[secure(check = may_change, hide, validate(edit))] //~ ERROR `check` with `hide` expects the names of its parameters
#[put("/documents/{document}")]
async fn change(document: Loaded<Document>, edit: web::Json<Edit>, caller: Principal) -> String {
    format!("{} {} {}", document.owner, edit.owner, caller.subject())
}

fn main() {}
