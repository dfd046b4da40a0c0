//! Requests that do not count, and limits that several handlers share: `refund`, `unless`, `shared`.

use std::time::Duration;

use actix_web::dev::HttpServiceFactory;
use actix_web::{HttpResponse, get, web};
use secure_runtime::testing::{FakeClock, Issuer};
use secure_runtime::{Denial, DenialKind, Security, TrustedProxies, secure};
use secure_tests::{Answer, TestServer, bearer};

/// Answers with the status in the path.
#[secure(objects = any, rate("2/h", refund = 5xx))]
#[get("/refunded/{status}")]
async fn refunded(status: web::Path<u16>) -> Result<HttpResponse, Denial> {
    answer(*status)
}

#[secure(objects = any, rate("4/h", cost = 2, refund = 5xx), quota("3/day", refund = 5xx), rate = "5/min")]
#[get("/several/{status}")]
async fn several(status: web::Path<u16>) -> Result<HttpResponse, Denial> {
    answer(*status)
}

#[secure(objects = any, rate("2/h", refund = 5xx, mode = observe))]
#[get("/observed/{status}")]
async fn observed(status: web::Path<u16>) -> Result<HttpResponse, Denial> {
    answer(*status)
}

fn answer(status: u16) -> Result<HttpResponse, Denial> {
    match status {
        503 => Err(Denial::new(DenialKind::Unavailable, "as asked for")),
        status => Ok(HttpResponse::build(status.try_into().unwrap()).finish()),
    }
}

#[secure(rate("1/h", unless = role("internal") || scope("batch") && !role("guest")))]
#[get("/unless")]
async fn unless() -> &'static str {
    "served"
}

#[secure(auth = optional, rate("1/h", by = address, unless = !role("guest")))]
#[get("/not-guests")]
async fn not_guests() -> &'static str {
    "served"
}

#[secure(public, rate("1/h", by = address, unless = address in ["10.0.0.0/8", "2001:db8::7"]))]
#[get("/networks")]
async fn networks() -> &'static str {
    "served"
}

#[secure(rate("1/h", unless = role("internal") || address in "10.0.0.0/8"), quota("1/day", unless = role("internal")))]
#[get("/either")]
async fn either() -> &'static str {
    "served"
}

/// Two handlers with a common count.
#[secure(rate("3/h", shared = "office"))]
mod office {
    use actix_web::get;

    #[get("/office/one")]
    pub(super) async fn one() -> &'static str {
        "served"
    }

    #[secure_runtime::secure(rate = "2/min")]
    #[get("/office/other")]
    pub(super) async fn other() -> &'static str {
        "served"
    }
}

/// A rate on a module: one count per handler.
#[secure(rate = "1/h")]
mod apart {
    use actix_web::get;

    #[get("/apart/one")]
    pub(super) async fn one() -> &'static str {
        "served"
    }

    #[get("/apart/other")]
    pub(super) async fn other() -> &'static str {
        "served"
    }
}

fn api() -> impl HttpServiceFactory {
    web::scope("")
        .service((refunded, several, observed, unless, not_guests, networks, either))
        .service((office::one, office::other, apart::one, apart::other))
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
        let security =
            builder.trusted_proxies(TrustedProxies::new(["127.0.0.0/8"]).unwrap()).build().unwrap();
        let server = TestServer::start(&security, api);
        Self { server, issuer, clock, security }
    }

    async fn get(&self, path: &str, headers: &[&str]) -> Answer {
        self.server.get(path, headers).await
    }

    /// The statuses of this many requests.
    async fn statuses<const N: usize>(&self, path: &str, headers: &[&str]) -> [u16; N] {
        let mut statuses = [0; N];
        for status in &mut statuses {
            *status = self.get(path, headers).await.status;
        }
        statuses
    }

    fn ada(&self) -> String {
        bearer(&self.issuer.token("ada").sign())
    }
}

#[actix_web::test]
async fn an_answer_of_5xx_gives_back_what_it_took() {
    let bench = Bench::new();
    let ada = &[&*bench.ada()];
    for status in [500, 502, 503, 599] {
        let path = format!("/refunded/{status}");
        assert_eq!(bench.statuses(&path, ada).await, [status; 3]);
    }
    assert_eq!(bench.get("/refunded/200", ada).await.status, 200);
    // Errors of the client count.
    assert_eq!(bench.get("/refunded/404", ada).await.status, 404);
    assert_eq!(bench.get("/refunded/500", ada).await.status, 429);
    bench.clock.advance(Duration::from_secs(1800));
    assert_eq!(bench.statuses("/refunded/500", ada).await, [500; 3]);
    assert_eq!(bench.statuses("/refunded/200", ada).await, [200, 429]);
}

#[actix_web::test]
async fn each_limit_gives_back_its_own_and_one_without_refund_nothing() {
    let bench = Bench::new();
    let ada = &[&*bench.ada()];
    assert_eq!(bench.statuses("/several/500", ada).await, [500; 3]);
    // Two of the rate without refund are left, and all of the others.
    assert_eq!(bench.statuses("/several/200", ada).await, [200, 200, 429]);
    bench.clock.advance(Duration::from_secs(3600));
    let ada = &[&*bench.ada()];
    // One of three a day is left; the refused request's permits were given back.
    assert_eq!(bench.statuses("/several/503", ada).await, [503; 3]);
    assert_eq!(bench.statuses("/several/200", ada).await, [200, 429]);
    // The permits of the hour and the minute are refilled, and the day is used up.
    bench.clock.advance(Duration::from_secs(3600));
    let ada = &[&*bench.ada()];
    assert_eq!(bench.get("/several/500", ada).await.status, 429);
}

#[actix_web::test]
async fn parallel_failures_give_back_exactly_what_they_took() {
    let bench = Bench::new();
    let ada = &[&*bench.ada()];
    for _ in 0..20 {
        let all = (0..8).map(|_| bench.get("/refunded/500", ada));
        for answer in futures_util::future::join_all(all).await {
            assert!([500, 429].contains(&answer.status), "{answer:?}");
        }
    }
    assert_eq!(bench.statuses("/refunded/200", ada).await, [200, 200, 429]);
}

#[actix_web::test]
async fn an_observed_limit_gives_back_too() {
    let bench = Bench::new();
    let ada = &[&*bench.ada()];
    assert_eq!(bench.statuses("/observed/500", ada).await, [500; 5]);
    assert_eq!(bench.statuses("/observed/200", ada).await, [200; 3]);
    let statistics = bench.security.limits().statistics();
    let row = statistics.limits.iter().find(|row| row.id.as_str().contains("::observed/")).unwrap();
    assert_eq!(row.observed, 1, "{row:?}");
}

#[actix_web::test]
async fn callers_with_a_grant_are_not_counted() {
    let bench = Bench::new();
    let status = async |token: &str| bench.statuses::<3>("/unless", &[token]).await;
    let token = |subject: &str| bench.issuer.token(subject);
    assert_eq!(status(&bench.ada()).await, [200, 429, 429]);
    assert_eq!(status(&bearer(&token("ada").role("internal").sign())).await, [200; 3]);
    assert_eq!(status(&bearer(&token("ben").role("external").sign())).await, [200, 429, 429]);
    assert_eq!(status(&bearer(&token("cy").scope("batch").sign())).await, [200; 3]);
    let guest = token("di").scope("batch").role("guest");
    assert_eq!(status(&bearer(&guest.sign())).await, [200, 429, 429]);
    // Without the role the caller has what was left: exempt requests take nothing and give nothing back.
    assert_eq!(status(&bearer(&token("cy").sign())).await, [200, 429, 429]);
    // Without a token there is no exemption.
    assert_eq!(bench.get("/unless", &[]).await.status, 401);
}

/// A condition such as "not a guest" does not exempt anonymous requests.
#[actix_web::test]
async fn nobody_anonymous_is_spared_for_what_they_are_not() {
    let bench = Bench::new();
    assert_eq!(bench.statuses("/not-guests", &[]).await, [200, 429, 429]);
    assert_eq!(bench.statuses("/not-guests", &[&bench.ada()]).await, [200; 3]);
    let guest = bearer(&bench.issuer.token("gus").role("guest").sign());
    assert_eq!(bench.statuses("/not-guests", &[&guest]).await, [429; 3]);
}

#[actix_web::test]
async fn networks_are_not_counted_address_by_address() {
    let bench = Bench::new();
    let from = async |path: &str, address: &str| {
        let from = format!("x-forwarded-for: {address}");
        bench.statuses::<2>(path, &[&from]).await
    };
    assert_eq!(from("/networks", "10.1.2.3").await, [200; 2]);
    assert_eq!(from("/networks", "::ffff:10.1.2.3").await, [200; 2]);
    assert_eq!(from("/networks", "192.0.2.7").await, [200, 429]);
    // The exemption uses the whole address, not the network by which requests are counted.
    assert_eq!(from("/networks", "2001:db8::8").await, [200, 429]);
    assert_eq!(from("/networks", "2001:db8::7").await, [200; 2]);
    // An address that a client forges is ignored.
    assert_eq!(from("/networks", "10.1.2.3, 192.0.2.8").await, [200, 429]);
    let (ada, from) = (bench.ada(), "x-forwarded-for: 10.1.2.3");
    assert_eq!(bench.statuses("/either", &[&ada, from]).await, [200, 429]);
    let internal = bearer(&bench.issuer.token("ian").role("internal").sign());
    assert_eq!(bench.statuses("/either", &[&internal]).await, [200; 3]);
}

#[actix_web::test]
async fn the_handlers_of_a_module_count_together_where_it_says_so() {
    let bench = Bench::new();
    let ada = &[&*bench.ada()];
    assert_eq!(bench.statuses("/office/one", ada).await, [200, 200]);
    assert_eq!(bench.statuses("/office/other", ada).await, [200, 429]);
    assert_eq!(bench.statuses("/office/one", ada).await, [429]);
    // Another caller has a separate count.
    let bob = bearer(&bench.issuer.token("bob").sign());
    assert_eq!(bench.statuses("/office/other", &[&bob]).await, [200, 200, 429]);
    assert_eq!(bench.statuses("/apart/one", ada).await, [200, 429]);
    assert_eq!(bench.statuses("/apart/other", ada).await, [200, 429]);
}

#[test]
fn the_inventory_shows_whom_a_limit_spares() {
    let inventory = Bench::inventory();
    for expected in [
        "2/h refund 5xx",
        r#"unless role(\"internal\") || (address in \"10.0.0.0/8\")"#,
        "3/h shared as office",
    ] {
        assert!(inventory.contains(expected), "{expected} in {inventory}");
    }
}

impl Bench {
    fn inventory() -> String {
        let builder = Security::builder().answers_for(module_path!());
        let jwt = Issuer::hs256().jwt().dangerously_accept_test_keys();
        builder.authenticator("jwt", jwt).build().unwrap().inventory().to_json()
    }
}
