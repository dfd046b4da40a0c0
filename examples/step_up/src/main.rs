//! Step-up authentication (RFC 9470) for one endpoint: reading the balance needs a valid token, but paying
//! needs a sign-in of the last five minutes with a second factor. A refused client learns from the
//! `WWW-Authenticate` header which sign-in is missing, and which authorization server provides it.
//!
//! Run `cargo run -p step_up`; it prints the inventory (the rules of each endpoint) and two tokens.
//! Requests to try with each token:
//!
//! - `curl -H 'Authorization: Bearer TOKEN' http://127.0.0.1:8080/bank/balance`: 200 with both;
//! - `curl -i -X POST -H 'Authorization: Bearer TOKEN' http://127.0.0.1:8080/bank/payments`: 401 with the
//!   old one, 200 with the new one.

use std::time::{Duration, SystemTime};
use std::{env, io};

use actix_web::dev::HttpServiceFactory;
use actix_web::{App, HttpServer, get, post};
use secure_runtime::testing::Issuer;
use secure_runtime::{Principal, Security, scope, secure};

#[secure(scopes = "account:read")]
#[get("/balance")]
async fn balance(caller: Principal) -> String {
    format!("the balance of {}", caller.subject())
}

/// A passkey (`phr`) is preferred, but any second factor (`mfa`) is accepted.
#[secure(scopes = "payments:write", fresh = "5m", acr = any("phr", "mfa"))]
#[post("/payments")]
async fn pay(caller: Principal) -> String {
    format!("{} has paid", caller.subject())
}

fn api() -> impl HttpServiceFactory {
    scope("/bank").service(balance).service(pay)
}

#[actix_web::main]
async fn main() -> io::Result<()> {
    let address = env::var("ADDR").unwrap_or_else(|_| String::from("127.0.0.1:8080"));
    let bank = format!("http://{address}/bank");
    // For development only; in production `Jwt::discover(…)` with your provider.
    let issuer = Issuer::hs256().audience(&bank);
    let security = Security::builder()
        .authenticator("jwt", issuer.jwt())
        .protected_resource(bank)
        .build()
        .map_err(io::Error::other)?;
    let now = SystemTime::now();
    let token = || issuer.token("ada").scope("account:read").scope("payments:write");
    println!("http://{address}\n{}", security.inventory());
    println!(
        "An hour old:\n{}\n",
        token().authenticated_at(now - Duration::from_secs(3600)).acr("pwd").sign()
    );
    println!("Just now:\n{}", token().authenticated_at(now).acr("mfa").sign());
    let app = move || {
        let metadata = security.resource_metadata();
        App::new().app_data(security.clone()).service(metadata).service(api())
    };
    HttpServer::new(app).bind(address)?.run().await
}

#[cfg(test)]
mod tests {
    use secure_runtime::Clock;
    use secure_runtime::testing::TestSecurity;
    use secure_tests::TestServer;

    use super::Duration;

    #[actix_web::test]
    async fn paying_needs_a_second_factor_of_the_last_five_minutes() {
        let bank = "https://api.example/bank";
        let TestSecurity { security, issuer, clock, .. } =
            TestSecurity::with(|builder| builder.protected_resource(bank)).unwrap();
        let server = TestServer::start(&security, super::api);
        let token = |acr: &str| {
            let token = issuer.token("ada").scope("account:read").scope("payments:write");
            let token = token.authenticated_at(clock.now().into()).acr(acr).sign();
            format!("Authorization: Bearer {token}")
        };
        let (password, second_factor) = (token("pwd"), token("mfa"));
        let pay = async |token: &str| server.send("POST", "/bank/payments", &[token], "").await;

        assert_eq!(server.get("/bank/balance", &[&password]).await.status, 200);
        let asked = pay(&password).await;
        asked.problem(401);
        let challenge = asked.header("www-authenticate").unwrap();
        for told in [
            "https://api.example/.well-known/oauth-protected-resource/bank",
            r#"error="insufficient_user_authentication", acr_values="phr mfa", max_age="300""#,
        ] {
            assert!(challenge.contains(told), "{challenge}");
        }
        assert_eq!(pay(&second_factor).await.body, "ada has paid");
        clock.advance(Duration::from_secs(301));
        assert_eq!(pay(&second_factor).await.status, 401);
        assert_eq!(server.get("/bank/balance", &[&second_factor]).await.status, 200);
    }
}
