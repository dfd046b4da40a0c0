use actix_web::{post, web};
use secure_runtime::secure;

/// The trait of another version of the derive.
mod validator {
    pub trait Validate {
        fn validate(&self) -> Result<(), ()>;
    }
}

#[derive(serde::Deserialize)]
struct NewOrder {
    article: String,
}

impl validator::Validate for NewOrder {
    fn validate(&self) -> Result<(), ()> {
        if self.article.is_empty() { Err(()) } else { Ok(()) }
    }
}

#[secure(roles = "customer", validate(order))]
#[post("/")]
async fn handler(order: web::Json<NewOrder>) -> String { //~ ERROR cannot be validated
    order.into_inner().article
}

fn main() {}
