//! An API behind an OpenID Connect provider: its keys are discovered, rotated keys are followed, and
//! an outage is survived.
//!
//! `ISSUER=https://issuer.example/realms/shop AUDIENCE=shop cargo run -p openid_connect` serves
//! callers of your provider. The log says why a token is refused: `RUST_LOG=secure_runtime=info` shows
//! each refusal. `--example check_token` explains one token. The tests run a provider of their own.

use std::{env, io};

use actix_web::dev::HttpServiceFactory;
use actix_web::{App, HttpServer, get};
use secure_runtime::authentication::Jwt;
use secure_runtime::{Principal, Security, scope, secure};
use tracing_subscriber::EnvFilter;

#[secure(scopes = "orders:read", rate = "100/h")]
#[get("/orders")]
async fn orders(caller: Principal) -> String {
    format!("the orders of {}", caller.subject())
}

fn api() -> impl HttpServiceFactory {
    scope("/api").service(orders)
}

/// Any provider: its access tokens need `iss`, `aud`, `exp`, `sub` and a good signature. Where a provider
/// keeps roles and scopes in claims of its own, its preset knows them: `Jwt::keycloak(…)`, say.
fn provider(issuer: String, audience: String) -> Jwt {
    Jwt::discover(issuer).audience(audience)
}

/// Warnings, unless `RUST_LOG` says otherwise.
fn filter() -> EnvFilter {
    EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"))
}

#[actix_web::main]
async fn main() -> io::Result<()> {
    // The library logs with `tracing`; without a subscriber nothing is shown.
    tracing_subscriber::fmt().with_env_filter(filter()).init();
    let needed = |name| env::var(name).map_err(|_| io::Error::other(format!("{name} is not set")));
    let security = Security::builder()
        .authenticator("provider", provider(needed("ISSUER")?, needed("AUDIENCE")?))
        .build()
        .map_err(io::Error::other)?;
    let address = env::var("ADDR").unwrap_or_else(|_| String::from("127.0.0.1:8080"));
    println!("http://{address}\n{}", security.inventory());
    HttpServer::new(move || {
        App::new().app_data(security.clone()).service(security.readiness("/ready")).service(api())
    })
    .bind(address)?
    .run()
    .await
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use secure_runtime::Security;
    use secure_runtime::testing::{FakeClock, Issuer};
    use secure_tests::{Behaviour, IdentityProvider, TestServer};

    #[actix_web::test]
    async fn a_rotated_key_is_followed_and_an_outage_survived() {
        let clock = FakeClock::new();
        let idp = IdentityProvider::start();
        let old = idp.signing(Issuer::rs256(), "2026-11").clock(clock.clone());
        let new = idp.signing(Issuer::es256(), "2026-12").clock(clock.clone());
        idp.publish(&[&old]);
        let jwt = super::provider(idp.issuer(), "test".to_owned());
        let security = Security::builder()
            .clock(clock.clone())
            .authenticator("provider", jwt.dangerously_accept_test_keys())
            .build()
            .unwrap();
        let server = TestServer::start(&security, super::api);
        let status = async |issuer: &Issuer, name: &str| {
            let token = issuer.token(name).scope("orders:read").sign();
            let bearer = format!("Authorization: Bearer {token}");
            server.get("/api/orders", &[&bearer]).await.status
        };

        assert_eq!(status(&old, "ada").await, 200);
        // A day later the provider signs with a new key, and has withdrawn the old one.
        clock.advance(Duration::from_secs(86_400));
        idp.publish(&[&new]);
        assert_eq!(status(&new, "ada").await, 200);
        assert_eq!(status(&old, "mallory").await, 401);
        // It is down for half an hour.
        idp.behave(Behaviour::Down(503));
        clock.advance(Duration::from_secs(1800));
        assert_eq!(status(&new, "grace").await, 200);
    }
}
