//! Attributes of other crates above and below `#[secure]`: the rows of `docs/macros.md` about attributes that
//! need the item and attributes that wrap the function.

use std::sync::atomic::{AtomicUsize, Ordering};

use actix_web::{get, web};
use secure_runtime::testing::Issuer;
use secure_runtime::{Security, secure};
use secure_tests::{TestServer, bearer};
use tracing_attributes::instrument;
use utoipa::OpenApi;

/// How often a handler started.
static BEGUN: AtomicUsize = AtomicUsize::new(0);

/// Described.
#[utoipa::path(responses((status = 200, body = String)))]
#[secure(roles = "admin")]
#[get("/described/{number}")]
async fn described(number: web::Path<u32>) -> String {
    number.to_string()
}

#[secure(roles = "admin")]
#[get("/wrapped/{number}")]
#[instrument(fields(number = %number))]
async fn wrapped(number: web::Path<u32>) -> String {
    BEGUN.fetch_add(1, Ordering::Relaxed);
    number.to_string()
}

#[instrument(skip_all)]
#[secure(roles = "admin")]
#[get("/wrapped/above/{number}")]
async fn wrapped_above(number: web::Path<u32>) -> String {
    number.to_string()
}

#[secure(roles = "admin")]
mod office {
    use super::*;

    /// All parameters.
    #[utoipa::path(responses((status = 200)))]
    #[get("/all")]
    #[instrument]
    pub async fn all() -> &'static str {
        "all"
    }
}

#[derive(OpenApi)]
#[openapi(paths(described, office::all))]
struct Api;

#[actix_web::test]
async fn they_see_their_handler_and_its_policy_holds() {
    let issuer = Issuer::hs256();
    let security = Security::builder().authenticator("jwt", issuer.jwt()).build().unwrap();
    let server = TestServer::start(&security, || {
        secure_runtime::scope("")
            .service(described)
            .service(wrapped)
            .service(wrapped_above)
            .service(office::all)
    });
    let admin = bearer(&issuer.token("ann").role("admin").sign());
    let guest = bearer(&issuer.token("gus").sign());
    for path in ["/described/7", "/wrapped/7", "/wrapped/above/7", "/all"] {
        assert_eq!(server.get(path, &[]).await.status, 401, "{path}");
        assert_eq!(server.get(path, &[&guest]).await.status, 403, "{path}");
        assert_eq!(server.get(path, &[&admin]).await.status, 200, "{path}");
    }
    assert_eq!(BEGUN.load(Ordering::Relaxed), 1, "once for the admin alone");
}

#[test]
fn a_description_has_the_path_of_the_route() {
    let paths = Api::openapi().paths.paths;
    assert_eq!(paths.keys().collect::<Vec<_>>(), ["/all", "/described/{number}"]);
    let operation = paths["/described/{number}"].get.as_ref().unwrap();
    assert_eq!(operation.summary.as_deref(), Some("Described."));
    assert_eq!(operation.parameters.as_ref().map(Vec::len), Some(1));
}
