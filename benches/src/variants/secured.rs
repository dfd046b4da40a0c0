//! The route with one attribute.

use std::time::Duration;

use actix_web::body::MessageBody;
use actix_web::dev::{Service, ServiceResponse};
use actix_web::{App, Error, post, test, web};
use secure_runtime::authentication::{Enrich, EnrichmentCache, Jwt};
use secure_runtime::{Principal, Security, secure};

use super::Limits;
use crate::Failure;
use crate::drive::JSON_LIMIT;
use crate::fixture::{AUDIENCE, Algorithm, Fixture, ISSUER};
use crate::order::{NewOrder, Receipt};

#[secure(roles = "admin", rate = "1000000/s", validate(order))]
#[post("/orders")]
async fn place_order(order: web::Json<NewOrder>) -> web::Json<Receipt> {
    web::Json(order.into_inner().into())
}

#[secure(roles = "admin", rate = "1000000/h", validate(order))]
#[post("/orders")]
async fn place_more_orders(order: web::Json<NewOrder>) -> web::Json<Receipt> {
    web::Json(order.into_inner().into())
}

#[secure(roles = "admin", rate = "1/h", validate(order))]
#[post("/orders")]
async fn place_one_order(order: web::Json<NewOrder>) -> web::Json<Receipt> {
    web::Json(order.into_inner().into())
}

/// The application.
///
/// # Errors
///
/// When the key cannot be read, or the launch checks find a fault.
pub async fn application(
    fixture: &Fixture,
    algorithm: Algorithm,
    limits: Limits,
) -> Result<
    impl Service<actix_http::Request, Response = ServiceResponse<impl MessageBody>, Error = Error>,
    Failure,
> {
    let security = Security::builder().authenticator("jwt", jwt(fixture, algorithm)).build()?;
    Ok(under(security, limits).await)
}

/// The application, with roles that a cached enrichment adds to those of the token.
///
/// # Errors
///
/// The same as those of [`application`].
pub async fn enriched(
    fixture: &Fixture,
    algorithm: Algorithm,
) -> Result<
    impl Service<actix_http::Request, Response = ServiceResponse<impl MessageBody>, Error = Error>,
    Failure,
> {
    let cache = EnrichmentCache::new(Duration::from_secs(3600));
    let jwt = jwt(fixture, algorithm).enrich_cached(cache, |principal: Principal| async move {
        Ok(principal.to_builder().roles(["admin", "editor"]).build())
    });
    let security = Security::builder().authenticator("jwt", jwt).build()?;
    Ok(under(security, Limits::Roomy).await)
}

fn jwt(fixture: &Fixture, algorithm: Algorithm) -> Jwt {
    let jwt = match algorithm {
        Algorithm::Rs256 => Jwt::rs256(&fixture.public_pem),
        Algorithm::Hs256 => Jwt::hs256(&fixture.secret),
    };
    jwt.issuer(ISSUER).audience(AUDIENCE)
}

/// The application with the given `Security`.
pub async fn under(
    security: Security,
    limits: Limits,
) -> impl Service<actix_http::Request, Response = ServiceResponse<impl MessageBody>, Error = Error>
{
    let scope = secure_runtime::scope("/api");
    let scope = match limits {
        Limits::Roomy => scope.service(place_order),
        Limits::InUse => scope.service(place_more_orders),
        Limits::Tight => scope.service(place_one_order),
    };
    let application = App::new()
        .app_data(security)
        .app_data(web::JsonConfig::default().limit(JSON_LIMIT))
        .service(scope);
    test::init_service(application).await
}
