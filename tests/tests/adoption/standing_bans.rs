//! Operators list and lift the bans that failures caused.

use std::net::IpAddr;
use std::time::Duration;

use actix_web::dev::HttpServiceFactory;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use secure_runtime::testing::{FakeClock, Issuer};
use secure_runtime::{
    Banned, Denial, DenialKind, FailedAuthentication, Security, TrustedProxies, claim_account,
    secure,
};
use secure_tests::{TestServer, bearer};

#[secure(roles = "admin", failures = "3/min")]
#[get("/admin")]
async fn admin() -> &'static str {
    "served"
}

#[secure(
    public,
    objects = any,
    failures = "3/min",
    rate("600/min", by = address),
    unvalidated(password, reason = "it is compared, and kept nowhere")
)]
#[post("/login/{account}")]
async fn login(
    request: HttpRequest,
    account: web::Path<String>,
    password: String,
) -> Result<HttpResponse, Denial> {
    claim_account(&request, &account)?;
    match password.as_str() {
        "right" => Ok(HttpResponse::NoContent().finish()),
        _ => Err(Denial::new(DenialKind::Unauthenticated, "the password is wrong")),
    }
}

fn api() -> impl HttpServiceFactory {
    web::scope("").service((admin, login))
}

struct Bench {
    server: TestServer,
    issuer: Issuer,
    clock: FakeClock,
    security: Security,
}

impl Bench {
    fn new() -> Self {
        let (builder, issuer, clock) = crate::security(module_path!());
        let security = builder
            .failed_authentication(FailedAuthentication::Off)
            .trusted_proxies(TrustedProxies::new(["127.0.0.0/8"]).unwrap())
            .build()
            .unwrap();
        let server = TestServer::start(&security, api);
        Self { server, issuer, clock, security }
    }

    /// Sends a request with a forged token from this address.
    async fn guess(&self, from: &str) -> u16 {
        let token = bearer(&self.issuer.token("ada").role("admin").tampered());
        self.server.get("/admin", &[&from_address(from), &token]).await.status
    }

    async fn log_in(&self, from: &str, account: &str, password: &str) -> u16 {
        let path = format!("/login/{account}");
        let headers = [&*from_address(from), "content-type: text/plain"];
        self.server.send("POST", &path, &headers, password).await.status
    }

    /// The budgets with a ban, and its remaining seconds.
    fn found(&self, address: &str, whom: Banned<'_>) -> Vec<(String, u64)> {
        let bans = self.security.bans().find(ip(address), whom).into_iter();
        bans.map(|ban| (ban.budget, ban.seconds)).collect()
    }

    fn lift(&self, address: &str, whom: Banned<'_>) -> bool {
        self.security.bans().lift(ip(address), whom)
    }
}

fn ip(address: &str) -> IpAddr {
    address.parse().unwrap()
}

fn from_address(address: &str) -> String {
    format!("x-forwarded-for: {address}")
}

#[actix_web::test]
async fn a_ban_of_an_address_is_found_and_lifted() {
    let bench = Bench::new();
    let [here, there] = ["192.0.2.7", "192.0.2.8"];
    for address in [here, there] {
        for expected in [401, 401, 401, 429] {
            assert_eq!(bench.guess(address).await, expected);
        }
    }
    bench.clock.advance(Duration::from_millis(500));
    let budget = format!("{}::admin/failures/1", module_path!());
    assert_eq!(bench.found(here, Banned::Address), [(budget.clone(), 60)]);
    assert!(bench.lift(here, Banned::Address));
    assert_eq!(bench.found(here, Banned::Address), []);
    assert!(!bench.lift(here, Banned::Address));
    // The whole budget is available again, and other clients stay banned.
    for expected in [401, 401, 401, 429] {
        assert_eq!(bench.guess(here).await, expected);
    }
    assert_eq!(bench.guess(there).await, 429);
    assert_eq!(bench.found(there, Banned::Address), [(budget.clone(), 60)]);
    bench.clock.advance(Duration::from_secs(30));
    assert_eq!(bench.found(there, Banned::Address), [(budget, 30)]);
    bench.clock.advance(Duration::from_secs(30));
    assert_eq!(bench.found(there, Banned::Address), []);
}

#[actix_web::test]
async fn an_address_of_ipv6_is_its_group() {
    let bench = Bench::new();
    for expected in [401, 401, 401, 429] {
        assert_eq!(bench.guess("2001:db8:0:1::7").await, expected);
    }
    assert_eq!(bench.found("2001:db8:0:1::8", Banned::Address).len(), 1);
    assert_eq!(bench.found("2001:db8:0:2::7", Banned::Address), []);
    assert!(bench.lift("2001:db8:0:1::9", Banned::Address));
    assert_eq!(bench.guess("2001:db8:0:1::7").await, 401);
}

#[actix_web::test]
async fn a_ban_of_an_account_is_lifted_without_those_of_others() {
    let bench = Bench::new();
    let here = "192.0.2.7";
    for account in ["ada", "bob"] {
        for expected in [401, 401, 401, 429] {
            assert_eq!(bench.log_in(here, account, "wrong").await, expected);
        }
    }
    assert_eq!(bench.log_in(here, "ada", "right").await, 429);
    assert_eq!(bench.found(here, Banned::Address), []);
    assert_eq!(bench.found(here, Banned::Account("ada")).len(), 1);
    assert_eq!(bench.found(here, Banned::Account("Ada")), []);
    assert_eq!(bench.found("192.0.2.8", Banned::Account("ada")), []);
    assert!(bench.lift(here, Banned::Account("ada")));
    assert_eq!(bench.log_in(here, "ada", "right").await, 204);
    assert_eq!(bench.log_in(here, "bob", "right").await, 429);
}

#[actix_web::test]
async fn a_ban_of_a_caller_is_found_by_issuer_and_subject() {
    let bench = Bench::new();
    let here = "192.0.2.7";
    let ada = bearer(&bench.issuer.token("ada").sign());
    let get = async || bench.server.get("/admin", &[&from_address(here), &ada]).await.status;
    assert_eq!([get().await, get().await, get().await, get().await], [403, 403, 403, 429]);
    let issuer = "https://issuer.test";
    let caller = |subject| Banned::Caller { issuer, subject };
    assert_eq!(bench.found(here, caller("bob")), []);
    assert_eq!(bench.found(here, Banned::CallerOf { authenticator: "jwt", subject: "ada" }), []);
    assert_eq!(bench.found(here, caller("ada")).len(), 1);
    assert!(bench.lift(here, caller("ada")));
    assert_eq!(get().await, 403);
    assert!(!bench.lift(here, Banned::ApiKey("shop_0123456789ab")));
}
