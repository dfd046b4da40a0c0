//! Roles, permissions, rates and tiers from `secure.toml`, which is beside this package's `Cargo.toml`. A role
//! includes other roles and grants permissions.
//!
//! The role hierarchy is resolved at compile time. Names that are not in the file do not compile: write
//! `roles = "veiwer"` and read the compile error.
//!
//! Run `cargo run -p vocabulary`; it prints the inventory (the rules of each endpoint) and the token of a
//! caller with the role `support`. Requests to try, each with `-H 'Authorization: Bearer TOKEN'`:
//!
//! - `curl http://127.0.0.1:8080/api/orders`: 200, `support` includes `viewer`;
//! - `curl -X POST http://127.0.0.1:8080/api/refunds`: 200, `support` grants `orders:refund`;
//! - `curl http://127.0.0.1:8080/api/users`: 403.

use std::{env, io};

use actix_web::dev::HttpServiceFactory;
use actix_web::{App, HttpServer, get, post};
use secure_runtime::testing::Issuer;
use secure_runtime::{Denial, DenialKind, Security, scope, secure};

secure_runtime::vocabulary! {
    /// The file's permissions as variants, for completion in an editor: `orders:refund` is `OrdersRefund`.
    pub enum Permission = permissions;
    /// The file's roles. In an attribute, the name in quotes is equivalent.
    pub enum Role = roles;
}

/// For viewers, and for the roles that include `viewer`: support and admins.
#[secure(roles = "viewer", rate = "100/h")]
#[get("/orders")]
async fn orders() -> &'static str {
    "the orders"
}

/// For callers with the permission, or with a role that grants it. `careful` is a rate of the file.
#[secure(permissions = Permission::OrdersRefund, rate = careful)]
#[post("/refunds")]
async fn refund() -> &'static str {
    "refunded"
}

/// The pattern `users:*` grants the permission to admins. The scope is required in addition.
#[secure(permissions = Permission::UsersRead, scopes = "orders", rate = "100/h")]
#[get("/users")]
async fn users() -> &'static str {
    "the users"
}

/// All users of a tenant share one rate limit, and the tier selects its rate. The file sets the claims of
/// tenant and tier. If a tier of the file had no rate here, this would not compile.
#[secure(allow = !role(Role::Suspended), rate(by = tenant, tier(free = "2/min", pro = "4/min")))]
#[get("/search")]
async fn search() -> &'static str {
    "found"
}

/// All endpoints with `rate = exports` share one limit of three an hour; the large exports count twice.
#[secure(roles = "viewer", rate = exports)]
#[get("/orders.csv")]
async fn orders_as_csv() -> &'static str {
    "the,orders"
}

#[secure(permissions = "users:read", rate(exports, cost = 2))]
#[get("/users.csv")]
async fn users_as_csv() -> &'static str {
    "the,users"
}

/// After an idle time a caller may fetch nine archives at once. This uses up the shared limit, so the other
/// exports have to wait as well.
#[secure(roles = "viewer", rate(exports, burst = 9))]
#[get("/archive.csv")]
async fn archive_as_csv() -> &'static str {
    "the,archive"
}

/// Both endpoints share one failure budget, so an attacker does not get twice as many attempts.
#[secure(public, failures = attempts, rate("100/min", by = address))]
#[post("/sign-in")]
async fn sign_in() -> Result<&'static str, Denial> {
    Err(Denial::new(DenialKind::Unauthenticated, "nobody has a password here"))
}

#[secure(public, failures = attempts, rate("100/min", by = address))]
#[post("/recover")]
async fn recover() -> Result<&'static str, Denial> {
    Err(Denial::new(DenialKind::Unauthenticated, "nobody has a code here"))
}

fn api() -> impl HttpServiceFactory {
    let read = scope("").service(orders).service(users).service(search);
    let api = scope("/api").service(refund).service(orders_as_csv).service(users_as_csv);
    let api = api.service(archive_as_csv);
    api.service(sign_in).service(recover).service(read)
}

#[actix_web::main]
async fn main() -> io::Result<()> {
    // For development only; in production `Jwt::rs256(public_key)` with your provider's key.
    let issuer = Issuer::hs256();
    let security =
        Security::builder().authenticator("jwt", issuer.jwt()).build().map_err(io::Error::other)?;
    println!("{}", security.inventory());
    println!("A support token: {}", issuer.token("sam").role(Role::Support.name()).sign());
    let address = env::var("ADDR").unwrap_or_else(|_| String::from("127.0.0.1:8080"));
    HttpServer::new(move || App::new().app_data(security.clone()).service(api()))
        .bind(address)?
        .run()
        .await
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use secure_runtime::Security;
    use secure_runtime::testing::{FakeClock, Issuer, TestSecurity, Token};
    use secure_runtime::throttling::{Quota, SharedLimits};
    use secure_tests::{RedisServer, TestServer};

    use super::api;

    type Claims = fn(Token) -> Token;

    #[actix_web::test]
    async fn a_role_stands_for_what_it_includes_and_grants() {
        let TestSecurity { security, issuer, .. } = TestSecurity::new().unwrap();
        let server = TestServer::start(&security, api);
        // The token's claims, and the expected statuses of the orders, the refunds and the users.
        let expected: [(Claims, [u16; 3]); 7] = [
            (|token| token, [403, 403, 403]),
            (|token| token.role("viewer"), [200, 403, 403]),
            (|token| token.role("support"), [200, 200, 403]),
            (|token| token.role("admin"), [200, 200, 403]),
            (|token| token.role("admin").scope("orders"), [200, 200, 200]),
            (|token| token.permission("orders:refund"), [403, 200, 403]),
            // Patterns are expanded only in the file; in a token `orders:*` is an ordinary name.
            (|token| token.permission("orders:*").role("Admin"), [403, 403, 403]),
        ];
        for (case, (claims, expected)) in expected.into_iter().enumerate() {
            let bearer = bearer(claims(issuer.token(format!("caller {case}"))));
            let mut found = Vec::new();
            for (method, path) in
                [("GET", "/api/orders"), ("POST", "/api/refunds"), ("GET", "/api/users")]
            {
                found.push(server.send(method, path, &[&bearer], "").await.status);
            }
            assert_eq!(found, expected, "case {case}");
        }
    }

    #[actix_web::test]
    async fn a_named_rate_limits_with_all_its_windows() {
        let TestSecurity { security, issuer, clock, .. } = TestSecurity::new().unwrap();
        let server = TestServer::start(&security, api);
        let bearer = bearer(issuer.token("sam").role("support"));
        for expected in (0..10).map(|_| 200).chain([429]) {
            let status = async || server.send("POST", "/api/refunds", &[&bearer], "").await.status;
            assert_eq!(status().await, expected);
            assert_eq!(status().await, 429, "one a second");
            clock.advance(Duration::from_secs(1));
        }
    }

    #[actix_web::test]
    async fn a_tenant_shares_the_limit_of_its_tier() {
        let TestSecurity { security, issuer, .. } = TestSecurity::new().unwrap();
        let server = TestServer::start(&security, api);
        let caller = |name: &str, tenant: &str| issuer.token(name).tenant(tenant);
        let expected = [
            (caller("sam", "acme").tier("pro"), [200, 200, 200]),
            (caller("kim", "acme").tier("pro"), [200, 429, 429]),
            (caller("lee", "initech").tier("free"), [200, 200, 429]),
            (caller("tom", "globex"), [200, 200, 429]),
        ];
        for (token, expected) in expected {
            let bearer = bearer(token);
            for expected in expected {
                assert_eq!(server.get("/api/search", &[&bearer]).await.status, expected);
            }
        }
    }

    #[actix_web::test]
    async fn a_shared_rate_is_one_count_for_all_endpoints_that_use_it() {
        let TestSecurity { security, issuer, .. } = TestSecurity::new().unwrap();
        let server = TestServer::start(&security, api);
        let (ada, grace) = (
            bearer(issuer.token("ada").role("admin")),
            bearer(issuer.token("grace").role("admin")),
        );
        let (orders, users) = ("/api/orders.csv", "/api/users.csv");
        let expected = [
            (&ada, orders, 200),
            (&ada, users, 200),
            (&ada, users, 429),
            (&ada, orders, 429),
            (&grace, users, 200),
            (&grace, users, 429),
            (&grace, orders, 200),
        ];
        for (caller, path, expected) in expected {
            assert_eq!(server.get(path, &[caller]).await.status, expected, "{path}");
        }
        assert!(secure_runtime::inventory().to_string().contains("3/h cost 2 shared as exports"));
    }

    /// With limits in memory, and with limits shared in Redis.
    #[actix_web::test]
    async fn a_burst_above_a_shared_rate_is_one_endpoints_own_and_is_owed_to_all() {
        let redis = RedisServer::shared();
        for store in [None, Some(SharedLimits::redis(&redis.url()))] {
            let clock = FakeClock::new();
            let mut builder = Security::builder().clock(clock.clone());
            if let Some(store) = store {
                let prefix = format!("a burst above a shared rate:{}:", std::process::id());
                let store = store.prefix(&prefix).clock(clock.clone());
                builder = builder.shared_limits(store.build().unwrap());
            }
            let issuer = Issuer::hs256().clock(clock.clone());
            let jwt = issuer.jwt().dangerously_accept_test_keys();
            let security = builder.authenticator("jwt", jwt).build().unwrap();
            let server = TestServer::start(&security, api);
            let get = async |path| {
                let token = bearer(issuer.token("ada").role("admin"));
                server.get(path, &[&token]).await.status
            };
            let (archive, orders) = ("/api/archive.csv", "/api/orders.csv");
            for _ in 0..9 {
                assert_eq!(get(archive).await, 200);
            }
            assert_eq!([get(archive).await, get(orders).await], [429, 429]);
            // Refused requests do not change the count.
            assert_eq!([get(archive).await, get(orders).await], [429, 429]);
            clock.advance(Duration::from_secs(20 * 60));
            assert_eq!(
                [get(orders).await, get(archive).await, get(archive).await],
                [429, 200, 429]
            );
            clock.advance(Duration::from_secs(7 * 20 * 60));
            assert_eq!([get(orders).await, get(orders).await], [200, 429], "two are owed");
        }
    }

    #[actix_web::test]
    async fn a_shared_rate_changes_for_all_endpoints_at_once() {
        let TestSecurity { security, issuer, .. } = TestSecurity::new().unwrap();
        let server = TestServer::start(&security, api);
        let ada = bearer(issuer.token("ada").role("admin"));
        let (orders, users) = ("/api/orders.csv", "/api/users.csv");
        assert_eq!(server.get(orders, &[&ada]).await.status, 200);
        let number = |number: u32| number.try_into().unwrap();
        let twice = Quota::per_hour(number(6));
        security.limits().set_quota(&"exports/3600s".parse().unwrap(), twice).unwrap();
        // One of three was used: two of six.
        let told = server.get(users, &[&ada]).await;
        assert_eq!(told.header("ratelimit-policy"), Some("\"6/h\";q=6;w=3600"));
        assert_eq!(told.header("ratelimit"), Some("\"6/h\";r=2;t=2400"));
        for (path, expected) in [(orders, 200), (users, 429), (orders, 200), (orders, 429)] {
            assert_eq!(server.get(path, &[&ada]).await.status, expected, "{path}");
        }
        let narrow = Quota::per_hour(number(1));
        let error =
            security.limits().set_quota(&"exports/3600s".parse().unwrap(), narrow).unwrap_err();
        assert_eq!(
            error.to_string(),
            "a request costs 2, and the burst would be 1: no request could be admitted"
        );
    }

    #[actix_web::test]
    async fn failures_have_a_named_rate_and_a_shared_one_is_one_budget() {
        let TestSecurity { security, clock, .. } = TestSecurity::new().unwrap();
        let server = TestServer::start(&security, api);
        let (signs_in, recovers) = ("/api/sign-in", "/api/recover");
        let send = async |path| server.send("POST", path, &[], "").await;
        for path in [signs_in, recovers, signs_in] {
            assert_eq!(send(path).await.status, 401);
        }
        for path in [signs_in, recovers] {
            let problem = send(path).await.problem(429);
            assert_eq!(problem["violated-policies"][0], "failures 3/min");
        }
        clock.advance(Duration::from_secs(60));
        assert_eq!(send(recovers).await.status, 401);
        let budgets = security.limits().statistics().budgets.into_iter();
        let ids: Vec<(String, usize)> = budgets
            .map(|row| (row.id.to_string(), row.endpoints.len()))
            .filter(|it| it.0.starts_with("a"))
            .collect();
        let expected = ["attempts/60s/failures", "attempts/3600s/failures"];
        assert_eq!(ids, expected.map(|id| (id.to_owned(), 2)));
        let inventory = secure_runtime::inventory();
        let budgets = ["failures 3/min shared as attempts", "failures 10/h shared as attempts"];
        let has_both =
            |limits: &[String]| budgets.iter().all(|it| limits.iter().any(|row| row == it));
        let rows = inventory.rows().iter().filter(|row| has_both(&row.limits));
        assert_eq!(rows.count(), 2, "{inventory}");
    }

    #[actix_web::test]
    async fn a_shared_budget_changes_for_all_endpoints_at_once() {
        let TestSecurity { security, .. } = TestSecurity::new().unwrap();
        let server = TestServer::start(&security, api);
        let send = async |path| server.send("POST", path, &[], "").await.status;
        assert_eq!(send("/api/sign-in").await, 401);
        let number = |number: u32| number.try_into().unwrap();
        let twice = Quota::per_minute(number(6));
        security.limits().set_quota(&"attempts/60s/failures".parse().unwrap(), twice).unwrap();
        // One of three was used: two of six.
        for path in ["/api/recover", "/api/sign-in", "/api/recover", "/api/sign-in"] {
            assert_eq!(send(path).await, 401, "{path}");
        }
        for path in ["/api/recover", "/api/sign-in"] {
            assert_eq!(send(path).await, 429, "{path}");
        }
    }

    #[test]
    fn the_inventory_names_roles_that_reach_nothing() {
        let inventory = secure_runtime::inventory();
        // No policy uses `auditor`; `suspended` is used only in a negation.
        assert_eq!(inventory.idle_roles(), ["auditor", "suspended"]);
        let table = inventory.to_string();
        assert!(table.ends_with("\nroles that open no endpoint: auditor, suspended\n"), "{table}");
        let json = inventory.to_json().split_whitespace().collect::<String>();
        let last = r#"},{"idle_role":"auditor"},{"idle_role":"suspended"}]"#;
        assert!(json.ends_with(last), "{json}");
    }

    fn bearer(token: Token) -> String {
        format!("Authorization: Bearer {}", token.sign())
    }
}
