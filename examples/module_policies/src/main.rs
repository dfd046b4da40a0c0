//! Policies for several handlers: `#[secure(...)]` on a module, and a named policy (`use = …`).
//!
//! A handler can only add to the policy of its module. Put `#[secure(public)]` on a handler in
//! `back_office` and read the compile error.
//!
//! Run `cargo run -p module_policies`; it prints the inventory (the rules of each endpoint) and a token.
//! Requests to try:
//!
//! - `curl http://127.0.0.1:8080/api/health`: 200 without a token;
//! - `curl -H 'Authorization: Bearer TOKEN' http://127.0.0.1:8080/api/office/orders`: 200, by the module;
//! - `curl -X POST -H 'Authorization: Bearer TOKEN' http://127.0.0.1:8080/api/office/refunds`: 200 five
//!   times a minute, then 429, by the named policy.

use std::{env, io};

use actix_web::dev::HttpServiceFactory;
use actix_web::{App, HttpServer};
use secure_runtime::testing::Issuer;
use secure_runtime::{Security, scope, secure};

secure_runtime::policy! {
    /// For endpoints that move money: a low rate limit and small bodies.
    pub(crate) careful = (rate("5/min", by = principal), max_body = "4KiB");
}

/// All handlers of this module require the role `staff`; they need no attribute of their own.
#[secure(roles = "staff", rate = calm)]
mod back_office {
    use actix_web::{get, post};
    use secure_runtime::secure;

    #[get("/orders")]
    pub async fn orders() -> &'static str {
        "the orders"
    }

    /// Requires `accountant` in addition to `staff`, and allows five requests a minute.
    #[secure(roles = "accountant", use = super::careful)]
    #[post("/refunds")]
    pub async fn refund() -> &'static str {
        "refunded"
    }

    pub mod reports {
        use actix_web::get;

        #[get("/reports/today")]
        pub async fn today() -> &'static str {
            "a quiet day"
        }
    }
}

#[secure(public(reason = "the load balancer asks"), rate("10/s", by = address))]
mod open {
    use actix_web::get;

    #[get("/health")]
    pub async fn health() -> &'static str {
        "ok"
    }
}

fn api() -> impl HttpServiceFactory {
    let office = scope("/office")
        .service(back_office::orders)
        .service(back_office::refund)
        .service(back_office::reports::today);
    scope("/api").service(office).service(open::health)
}

#[actix_web::main]
async fn main() -> io::Result<()> {
    // For development only; in production `Jwt::rs256(public_key)` with your provider's key.
    let issuer = Issuer::hs256();
    let security =
        Security::builder().authenticator("jwt", issuer.jwt()).build().map_err(io::Error::other)?;
    println!("{}", security.inventory());
    println!("An accountant's token: {}", issuer.token("ann").role("accountant").sign());
    let address = env::var("ADDR").unwrap_or_else(|_| String::from("127.0.0.1:8080"));
    HttpServer::new(move || App::new().app_data(security.clone()).service(api()))
        .bind(address)?
        .run()
        .await
}

#[cfg(test)]
mod tests {
    use secure_runtime::testing::TestSecurity;
    use secure_tests::TestServer;

    use super::api;

    #[actix_web::test]
    async fn a_handler_obeys_its_module_and_its_own_words() {
        let TestSecurity { security, issuer, .. } = TestSecurity::new().unwrap();
        let server = TestServer::start(&security, api);
        let status = async |role: &str, method: &str, path: &str| {
            let token = issuer.token(role).role(role).sign();
            let bearer = format!("Authorization: Bearer {token}");
            server.send(method, path, &[&bearer], "").await.status
        };
        // The role, and the expected statuses of the orders, the report and the refunds.
        for (role, expected) in [
            ("guest", [403, 403, 403]),
            ("staff", [200, 200, 403]),
            ("accountant", [200, 200, 200]),
        ] {
            let found = [
                status(role, "GET", "/api/office/orders").await,
                status(role, "GET", "/api/office/reports/today").await,
                status(role, "POST", "/api/office/refunds").await,
            ];
            assert_eq!(found, expected, "{role}");
        }
        assert_eq!(server.get("/api/office/orders", &[]).await.status, 401);
        assert_eq!(server.get("/api/health", &[]).await.status, 200);
    }

    #[actix_web::test]
    async fn the_limits_of_module_and_policy_both_hold() {
        let TestSecurity { security, issuer, .. } = TestSecurity::new().unwrap();
        let server = TestServer::start(&security, api);
        let bearer =
            format!("Authorization: Bearer {}", issuer.token("ann").role("accountant").sign());
        for expected in [200, 200, 200, 200, 200, 429] {
            let answer = server.send("POST", "/api/office/refunds", &[&bearer], "").await;
            assert_eq!(answer.status, expected);
            let policy = answer.header("ratelimit-policy").unwrap();
            assert!(policy.contains("100/h") && policy.contains("5/min"), "{policy}");
        }
        let large = "x".repeat(5000);
        let answer = server.send("POST", "/api/office/refunds", &[&bearer], &large).await;
        assert_eq!(answer.status, 429, "limits stand before the body");
    }
}
