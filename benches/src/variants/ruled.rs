//! A route about an object that is loaded, and that only its owner may access.

use actix_web::body::MessageBody;
use actix_web::dev::{Service, ServiceResponse};
use actix_web::{App, Error, HttpRequest, error, get, test, web};
use secure_runtime::authentication::Jwt;
use secure_runtime::{Loaded, Principal, Resource, Security, secure};

use crate::Failure;
use crate::fixture::{AUDIENCE, Fixture, ISSUER, SUBJECT};

struct Order {
    owner: String,
    article: &'static str,
}

fn load(id: u32) -> Option<Order> {
    (id == 7).then(|| Order { owner: SUBJECT.to_owned(), article: "teapot" })
}

impl Resource for Order {
    type Key = u32;

    async fn load(id: u32, _: &HttpRequest) -> Result<Option<Self>, Error> {
        Ok(load(id))
    }
}

#[secure(allow = order.owner == caller.subject())]
#[get("/orders/{order}")]
async fn secured(order: Loaded<Order>) -> &'static str {
    order.article
}

#[secure(objects(any, reason = "the handler compares the owner"))]
#[get("/orders/{order}")]
async fn by_hand(id: web::Path<u32>, caller: Principal) -> Result<&'static str, Error> {
    let order = load(*id).ok_or_else(|| error::ErrorNotFound("no such order"))?;
    if order.owner != caller.subject() {
        return Err(error::ErrorForbidden("another's order"));
    }
    Ok(order.article)
}

#[get("/orders/{order}")]
async fn bare(id: web::Path<u32>) -> Result<&'static str, Error> {
    let order = load(*id).ok_or_else(|| error::ErrorNotFound("no such order"))?;
    Ok(order.article)
}

/// The three variants of the route.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// The check is a rule of the attribute.
    Secured,
    /// The check is in the handler, behind the same authentication.
    ByHand,
    /// There is no check.
    Bare,
}

/// The application.
///
/// # Errors
///
/// When the key cannot be read, or the launch checks find a fault.
pub async fn application(
    fixture: &Fixture,
    kind: Kind,
) -> Result<
    impl Service<actix_http::Request, Response = ServiceResponse<impl MessageBody>, Error = Error>,
    Failure,
> {
    let jwt = Jwt::rs256(&fixture.public_pem).issuer(ISSUER).audience(AUDIENCE);
    let security = Security::builder().authenticator("jwt", jwt).build()?;
    let application = App::new().app_data(security);
    let scope = || secure_runtime::scope("/api");
    Ok(test::init_service(match kind {
        Kind::Secured => application.service(scope().service(secured)),
        Kind::ByHand => application.service(scope().service(by_hand)),
        Kind::Bare => application.service(web::scope("/api").service(bare)),
    })
    .await)
}
