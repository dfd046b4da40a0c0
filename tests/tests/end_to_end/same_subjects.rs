//! Callers with the same subject that several authenticators without an issuer accept.

use actix_web::{HttpResponse, get};
use secure_runtime::authentication::api_key::{ApiKey, ApiKeys, MemoryKeyStore};
use secure_runtime::{Principal, PrincipalBuilder, secure};
use secure_tests::TestServer;

#[secure(auth = any(api_key, partner_key), rate = "1/h")]
#[get("/principal")]
async fn by_principal() -> HttpResponse {
    HttpResponse::Ok().finish()
}

#[secure(auth = any(api_key, partner_key), rate("1/h", by = tenant))]
#[get("/tenant")]
async fn by_tenant() -> HttpResponse {
    HttpResponse::Ok().finish()
}

#[secure(auth = any(api_key, partner_key), quota = "1/day")]
#[get("/quota")]
async fn by_quota() -> HttpResponse {
    HttpResponse::Ok().finish()
}

#[secure(auth = any(api_key, partner_key), failures = "1/h")]
#[get("/failures")]
async fn failing() -> HttpResponse {
    HttpResponse::Forbidden().finish()
}

/// A service with two stores of keys, and the header of a key with this owner for each.
fn world(owner: &dyn Fn() -> PrincipalBuilder) -> (TestServer, [String; 2]) {
    let (builder, ..) = crate::security(module_path!());
    let stores = [MemoryKeyStore::new(), MemoryKeyStore::new()];
    let headers = ["x-api-key", "x-partner-key"];
    let keys = [0, 1].map(|place: usize| {
        let key = ApiKey::generate("shop", owner()).unwrap();
        stores[place].add(key.record()).unwrap();
        format!("{}: {}", headers[place], key.expose())
    });
    let [own, partner] = stores.map(ApiKeys::new);
    let security = builder
        .named_authenticator("api_key", own.header(headers[0]))
        .named_authenticator("partner_key", partner.header(headers[1]))
        .build()
        .unwrap();
    let server = TestServer::start(&security, || {
        secure_runtime::scope("")
            .service(by_principal)
            .service(by_tenant)
            .service(by_quota)
            .service(failing)
    });
    (server, keys)
}

async fn statuses(server: &TestServer, path: &str, keys: [&String; 4]) -> Vec<u16> {
    let mut statuses = Vec::new();
    for key in keys {
        statuses.push(server.get(path, &[key]).await.status);
    }
    statuses
}

#[actix_web::test]
async fn callers_without_an_issuer_are_told_apart_by_their_authenticator() {
    let (server, [own, partner]) = world(&|| Principal::builder("acme").tenant("acme"));
    for path in ["/principal", "/tenant", "/quota"] {
        let found = statuses(&server, path, [&own, &own, &partner, &partner]).await;
        assert_eq!(found, [200, 429, 200, 429], "{path}");
    }
    // Failures of one caller do not ban the other.
    let found = statuses(&server, "/failures", [&own, &own, &partner, &partner]).await;
    assert_eq!(found, [403, 429, 403, 429]);
}

/// Both callers share one count only if both have the same issuer.
#[actix_web::test]
async fn callers_of_one_issuer_are_one_whatever_authenticator_accepts_them() {
    let (server, [own, partner]) =
        world(&|| Principal::builder("acme").issuer("https://issuer.test").tenant("acme"));
    for path in ["/principal", "/tenant", "/quota"] {
        let found = statuses(&server, path, [&own, &partner, &own, &partner]).await;
        assert_eq!(found, [200, 429, 429, 429], "{path}");
    }
}
