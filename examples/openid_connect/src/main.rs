//! An API that accepts the tokens of an OpenID Connect provider. The provider's keys are discovered,
//! key rotation is followed, and cached keys are used during an outage.
//!
//! Run `ISSUER=https://issuer.example/realms/shop AUDIENCE=shop cargo run -p openid_connect` with your
//! provider's values. Requests to try:
//!
//! - `curl http://127.0.0.1:8080/ready`: 200 as soon as the provider's keys are loaded;
//! - `curl -H 'Authorization: Bearer TOKEN' http://127.0.0.1:8080/api/orders`: 200 if the provider's token
//!   has the scope `orders:read`, otherwise 403.
//!
//! With `RUST_LOG=secure_runtime=info` the log contains each refusal and its reason. The program
//! `examples/check_token.rs` explains one token. The tests start a provider of their own.

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

/// Works with any provider: its access tokens need `iss`, `aud`, `exp`, `sub` and a valid signature. If your
/// provider has its own claims for roles and scopes, use its preset, for example `Jwt::keycloak(…)`.
fn provider(issuer: String, audience: String) -> Jwt {
    Jwt::discover(issuer).audience(audience)
}

/// The log filter: `RUST_LOG`, or warnings by default.
fn filter() -> EnvFilter {
    EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"))
}

#[actix_web::main]
async fn main() -> io::Result<()> {
    // The library logs with `tracing`; without a subscriber nothing is printed.
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
        // A day later the provider signs with a new key, and has removed the old one.
        clock.advance(Duration::from_secs(86_400));
        idp.publish(&[&new]);
        assert_eq!(status(&new, "ada").await, 200);
        assert_eq!(status(&old, "mallory").await, 401);
        // The provider is down for half an hour.
        idp.behave(Behaviour::Down(503));
        clock.advance(Duration::from_secs(1800));
        assert_eq!(status(&new, "grace").await, 200);
    }
}
