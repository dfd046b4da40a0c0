//! A machine-to-machine API with API keys and opaque tokens.
//!
//! The program's own clients use API keys. A file stores their hashes; a key is revoked by removing it from
//! the file, and rotated by adding a second one before the first expires. Clients of partners use opaque
//! tokens, which are verified by token introspection (RFC 7662) at the partners' provider.
//!
//! How to run it:
//!
//! 1. `cargo run -p machine_to_machine -- new billing orders:read` generates a key and prints it, and its
//!    record for the list in `keys.json` (`{"keys": [ … ]}`).
//! 2. `cargo run -p machine_to_machine` serves clients with a key of that file. With
//!    `ISSUER=https://issuer.example CLIENT_SECRET=…` it also serves clients of that provider.
//!
//! Requests to try:
//!
//! - `curl -H 'X-API-Key: KEY' http://127.0.0.1:8080/api/orders`: 200;
//! - `curl -X POST -H 'X-API-Key: KEY' http://127.0.0.1:8080/api/shipments`: 403, the key has no role
//!   `warehouse`.

use std::{env, io};

use actix_web::dev::HttpServiceFactory;
use actix_web::{App, HttpServer, get, post};
use secure_runtime::authentication::Introspection;
use secure_runtime::authentication::api_key::{ApiKey, ApiKeys, FileKeyStore};
use secure_runtime::{Principal, Security, SecurityBuilder, scope, secure};

#[secure(scopes = "orders:read", rate = "1000/h")]
#[get("/orders")]
async fn orders(caller: Principal) -> String {
    format!("the orders that {} may see", caller.subject())
}

/// Only for API keys with the role `warehouse`; a partner's token gets 401.
#[secure(auth = api_key, roles = "warehouse", rate = "100/min")]
#[post("/shipments")]
async fn ship(caller: Principal) -> String {
    format!("shipped by {}", caller.subject())
}

fn api() -> impl HttpServiceFactory {
    scope("/api").service(orders).service(ship)
}

/// The accepted credentials: API keys, and a partner's tokens if a provider is configured.
fn callers(keys: FileKeyStore, partners: Option<Introspection>) -> SecurityBuilder {
    let own = Security::builder().authenticator("api_key", ApiKeys::new(keys));
    match partners {
        Some(partners) => own.authenticator("partner", partners),
        None => own,
    }
}

/// Partners' machines act for no user, so their tokens may lack `sub`; `client_id` becomes the subject.
fn partners(issuer: String, secret: String) -> Introspection {
    let asked = Introspection::discover(issuer).client_secret_basic("orders-api", secret);
    asked.audience("orders").client_as_subject()
}

fn new_key(owner: &str, scopes: &[String]) -> io::Result<()> {
    let principal = Principal::builder(owner).scopes(scopes.iter().map(String::as_str));
    let generated = ApiKey::generate("shop", principal).map_err(io::Error::other)?;
    println!("API key of {owner}, shown only once: {}", generated.expose());
    println!("record for keys.json: {}", generated.record().to_json());
    Ok(())
}

#[actix_web::main]
async fn main() -> io::Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if let [command, owner, scopes @ ..] = &*arguments
        && command == "new"
    {
        return new_key(owner, scopes);
    }
    let file = env::var("KEYS").unwrap_or_else(|_| String::from("keys.json"));
    let provider = env::var("ISSUER").ok().zip(env::var("CLIENT_SECRET").ok());
    let partners = provider.map(|(issuer, secret)| partners(issuer, secret));
    let security = callers(FileKeyStore::new(file), partners).build().map_err(io::Error::other)?;
    let address = env::var("ADDR").unwrap_or_else(|_| String::from("127.0.0.1:8080"));
    println!("http://{address}\n{}", security.inventory());
    HttpServer::new(move || App::new().app_data(security.clone()).service(api()))
        .bind(address)?
        .run()
        .await
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};
    use std::{env, fs, process};

    use secure_runtime::authentication::api_key::{FileKeyStore, GeneratedKey};
    use secure_runtime::testing::FakeClock;
    use secure_runtime::{Clock, PrincipalBuilder};
    use secure_tests::{IntrospectionEndpoint, TestServer};

    use super::*;

    fn key(principal: PrincipalBuilder) -> GeneratedKey {
        ApiKey::generate("shop", principal).unwrap()
    }

    #[actix_web::test]
    async fn a_key_is_rotated_and_then_revoked_while_the_service_runs() {
        let file = env::temp_dir().join(format!("machine-to-machine-{}.json", process::id()));
        let write = |records: &[String]| {
            fs::write(&file, format!("{{\"keys\": [{}]}}", records.join(","))).unwrap();
        };
        let clock = FakeClock::new();
        let billing = || Principal::builder("billing").scope("orders:read");
        let warehouse = key(Principal::builder("hall 7").role("warehouse"));
        let old =
            key(billing().expires_at(SystemTime::from(clock.now()) + Duration::from_secs(3600)));
        write(&[old.record().to_json(), warehouse.record().to_json()]);
        let store = FileKeyStore::new(&file);
        let security = callers(store.clone(), None).clock(clock.clone()).build().unwrap();
        let server = TestServer::start(&security, api);
        let send = async |method: &str, path: &str, key: &GeneratedKey| {
            server.send(method, path, &[&format!("x-api-key: {}", key.expose())], "").await.status
        };
        let read = async |key: &GeneratedKey| send("GET", "/api/orders", key).await;

        assert_eq!((read(&old).await, read(&warehouse).await), (200, 403));
        assert_eq!(send("POST", "/api/shipments", &warehouse).await, 200);
        assert_eq!(send("POST", "/api/shipments", &old).await, 403);
        // Rotation: billing gets a second key, and the first one expires within the hour.
        let new = key(billing());
        write(&[old.record().to_json(), new.record().to_json()]);
        clock.advance(Duration::from_secs(30));
        assert_eq!((read(&old).await, read(&new).await), (200, 200));
        assert_eq!(read(&warehouse).await, 401, "revoked");
        clock.advance(Duration::from_secs(3600));
        assert_eq!((read(&old).await, read(&new).await), (401, 200));
        assert!(store.list().iter().all(|record| record.last_used().is_some()));
        fs::remove_file(file).unwrap();
    }

    #[actix_web::test]
    async fn a_partners_token_is_asked_about_and_ends_when_the_provider_says_so() {
        let provider = IntrospectionEndpoint::start();
        provider.judge_clients(|question| question.authorization.is_some());
        let client = serde_json::json!({
            "active": true, "client_id": "partner 7", "aud": "orders", "scope": "orders:read",
        });
        provider.know("opaque-token", client);
        let clock = FakeClock::new();
        let introspection = partners(provider.issuer(), "secret".to_owned());
        // There are no API keys in this test.
        let file = env::temp_dir().join(format!("no-keys-{}.json", process::id()));
        fs::write(&file, r#"{"keys": []}"#).unwrap();
        let store = FileKeyStore::new(&file);
        let security = callers(store, Some(introspection)).clock(clock.clone()).build().unwrap();
        let server = TestServer::start(&security, api);
        let token = "authorization: Bearer opaque-token";

        let read = server.get("/api/orders", &[token]).await;
        assert_eq!((read.status, &*read.body), (200, "the orders that partner 7 may see"));
        assert_eq!(server.get("/api/orders", &["authorization: Bearer other"]).await.status, 401);
        // An endpoint that accepts only API keys, and a request with two credentials.
        assert_eq!(server.send("POST", "/api/shipments", &[token], "").await.status, 401);
        assert_eq!(server.get("/api/orders", &[token, "x-api-key: shop_x"]).await.status, 400);
        // The provider revokes the token; after a minute the cached answer has expired.
        provider.revoke("opaque-token");
        clock.advance(Duration::from_secs(60));
        assert_eq!(server.get("/api/orders", &[token]).await.status, 401);
        fs::remove_file(file).unwrap();
    }
}
