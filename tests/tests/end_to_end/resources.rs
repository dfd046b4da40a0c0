//! `Loaded` and `Granted`: resources are loaded once, and only the pipeline grants them.

use std::sync::atomic::{AtomicUsize, Ordering};

use actix_web::error::ErrorServiceUnavailable;
use actix_web::{App, Error, FromRequest, HttpRequest, get, web};
use secure_runtime::{Granted, Loaded, Resource, secure};
use secure_tests::{TestServer, bearer};
use serde::Deserialize;

/// How often a resource was loaded.
#[derive(Default)]
struct Loads(AtomicUsize);

struct Document {
    owner: String,
}

#[derive(Deserialize)]
struct Key {
    id: u32,
    tenant: String,
}

impl Resource for Document {
    type Key = Key;

    async fn load(key: Key, request: &HttpRequest) -> Result<Option<Self>, Error> {
        request.app_data::<web::Data<Loads>>().unwrap().0.fetch_add(1, Ordering::SeqCst);
        match key.id {
            7 => Ok(Some(Self { owner: format!("ada@{}", key.tenant) })),
            13 => Err(ErrorServiceUnavailable("the store is gone")),
            _ => Ok(None),
        }
    }
}

#[secure(roles = "member", allow = document.owner == format!("{}@acme", caller.subject()))]
#[get("/{tenant}/loaded/{id}")]
async fn loaded(document: Loaded<Document>) -> String {
    document.into_inner().owner
}

#[secure(allow = document.owner.starts_with(caller.subject()) || role("admin"))]
#[get("/{tenant}/granted/{id}")]
async fn granted(document: Granted<Document>, request: HttpRequest) -> String {
    let again = Granted::<Document>::extract(&request).await;
    assert!(again.is_err(), "what was granted once is not granted again");
    document.owner.clone()
}

/// Requests a resource that its rule does not grant.
struct Smuggled(Granted<Document>);

impl FromRequest for Smuggled {
    type Error = Error;
    type Future = std::pin::Pin<Box<dyn Future<Output = Result<Self, Error>>>>;

    fn from_request(request: &HttpRequest, _: &mut actix_web::dev::Payload) -> Self::Future {
        let extracted = Granted::<Document>::extract(request);
        Box::pin(async move { extracted.await.map(Self) })
    }
}

#[secure(objects = any)]
#[get("/{tenant}/smuggled/{id}")]
async fn smuggled(document: Smuggled) -> String {
    document.0.owner.clone()
}

#[get("/{tenant}/open/{id}")]
async fn open(document: Granted<Document>) -> String {
    document.owner.clone()
}

#[actix_web::test]
async fn a_resource_is_loaded_once_after_the_rules_about_the_caller() {
    let (builder, issuer, _) = crate::security(module_path!());
    let security = builder.build().unwrap();
    let loads = web::Data::new(Loads::default());
    let shared = loads.clone();
    let server = TestServer::run(move || {
        App::new()
            .app_data(security.clone())
            .app_data(shared.clone())
            .service((loaded, granted, smuggled, open))
    });
    let member = |name: &str| bearer(&issuer.token(name).role("member").sign());
    let stranger = bearer(&issuer.token("ada").sign());
    let admin = bearer(&issuer.token("root").role("admin").sign());
    // Path, caller, status, and the number of loads.
    for (path, caller, status, times) in [
        ("/acme/loaded/7", &member("ada"), 200, 1),
        ("/acme/loaded/7", &member("bob"), 403, 1),
        ("/umbrella/loaded/7", &member("ada"), 403, 1),
        ("/acme/loaded/7", &stranger, 403, 0),
        ("/acme/loaded/8", &member("ada"), 404, 1),
        ("/acme/loaded/x", &member("ada"), 404, 0),
        ("/acme/loaded/13", &member("ada"), 503, 1),
        ("/acme/granted/7", &member("ada"), 200, 1),
        ("/acme/granted/7", &admin, 200, 1),
        ("/acme/granted/7", &member("bob"), 403, 1),
        ("/acme/granted/8", &member("bob"), 404, 1),
        ("/acme/smuggled/7", &admin, 500, 0),
        ("/acme/open/7", &admin, 500, 0),
    ] {
        let answer = server.get(path, &[caller]).await;
        assert_eq!(answer.status, status, "{path}: {answer:?}");
        assert_eq!(loads.0.swap(0, Ordering::SeqCst), times, "{path}");
        assert!(!answer.body.contains("store"), "{answer:?}");
    }
}
