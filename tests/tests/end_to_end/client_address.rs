//! The client IP that limits by address use, behind various proxies.

use actix_web::{HttpResponse, get, web};
use secure_runtime::{ForwardingHeader, Security, TrustedProxies, secure};
use secure_tests::TestServer;

use crate::Runs;

#[secure(public, rate("2/min", by = address))]
#[get("/address")]
async fn address(runs: web::Data<Runs>) -> HttpResponse {
    runs.count();
    HttpResponse::Ok().finish()
}

#[secure(public, allow = address in "192.0.2.0/24")]
#[get("/inside")]
async fn inside(runs: web::Data<Runs>) -> HttpResponse {
    runs.count();
    HttpResponse::Ok().finish()
}

struct World {
    server: TestServer,
    runs: Runs,
}

impl World {
    fn new(proxies: TrustedProxies) -> Self {
        let (builder, ..) = crate::security(module_path!());
        let security = builder.trusted_proxies(proxies).build().unwrap();
        let runs = Runs::default();
        let counted = runs.clone();
        let server = TestServer::start(&security, move || {
            secure_runtime::scope("")
                .app_data(web::Data::new(counted.clone()))
                .service(address)
                .service(inside)
        });
        Self { server, runs }
    }

    /// How many of three such requests are served; the others have a `Retry-After`.
    async fn admitted(&self, headers: &[&str]) -> usize {
        let before = self.runs.so_far();
        for _ in 0..3 {
            let answer = self.server.get("/address", headers).await;
            if answer.status != 200 {
                answer.problem(429);
                assert_eq!(answer.header("retry-after"), Some("30"));
            }
        }
        self.runs.so_far() - before
    }
}

fn single(name: &str) -> ForwardingHeader {
    ForwardingHeader::single(name).unwrap()
}

#[actix_web::test]
async fn a_number_of_hops_finds_the_client_whatever_stands_in_front() {
    let world = World::new(TrustedProxies::hops(2));
    assert_eq!(world.admitted(&["x-forwarded-for: 192.0.2.1, 203.0.113.9"]).await, 2);
    assert_eq!(world.admitted(&["x-forwarded-for: 6.6.6.6, 192.0.2.1, 203.0.113.8"]).await, 0);
    let lines = ["x-forwarded-for: 6.6.6.7", "x-forwarded-for: 192.0.2.1,unix:"];
    assert_eq!(world.admitted(&lines).await, 0);
    assert_eq!(world.admitted(&["x-forwarded-for: 192.0.2.2, 203.0.113.9"]).await, 2);
    // With any invalid list, the peer is the client.
    assert_eq!(world.admitted(&[]).await, 2);
    for line in ["192.0.2.3", "garbage, 203.0.113.9", ",,", "192.0.2.4, , 203.0.113.9"] {
        assert_eq!(world.admitted(&[&format!("x-forwarded-for: {line}")]).await, 0, "{line}");
    }
}

#[actix_web::test]
async fn hops_behind_other_peers_than_the_named_ones_are_not_believed() {
    let elsewhere = TrustedProxies::hops(1).peers(["192.0.2.0/24"]).unwrap();
    let world = World::new(elsewhere);
    assert_eq!(world.admitted(&["x-forwarded-for: 192.0.2.1"]).await, 2);
    assert_eq!(world.admitted(&["x-forwarded-for: 192.0.2.2"]).await, 0);

    let world = World::new(TrustedProxies::hops(1).peers(["127.0.0.0/8"]).unwrap());
    assert_eq!(world.admitted(&["x-forwarded-for: 192.0.2.1"]).await, 2);
    assert_eq!(world.admitted(&["x-forwarded-for: 192.0.2.2"]).await, 2);
}

#[actix_web::test]
async fn a_providers_header_counts_from_a_trusted_peer_only() {
    let header = single("CF-Connecting-IP");
    let trusted = TrustedProxies::new(["127.0.0.1"]).unwrap().header(header.clone());
    let world = World::new(trusted);
    assert_eq!(world.admitted(&["cf-connecting-ip: 192.0.2.1"]).await, 2);
    let both = ["cf-connecting-ip: 192.0.2.1", "x-forwarded-for: 192.0.2.7"];
    assert_eq!(world.admitted(&both).await, 0);
    assert_eq!(world.admitted(&["CF-Connecting-IP: [2001:db8::1]:443"]).await, 2);
    assert_eq!(world.admitted(&["x-real-ip: 192.0.2.7"]).await, 2, "the peer");
    let twice = ["cf-connecting-ip: 192.0.2.8", "cf-connecting-ip: 192.0.2.8"];
    assert_eq!(world.admitted(&twice).await, 0, "the peer as well");

    let stranger = TrustedProxies::new(["173.245.48.0/20"]).unwrap().header(header);
    let world = World::new(stranger);
    assert_eq!(world.admitted(&["cf-connecting-ip: 192.0.2.1"]).await, 2);
    assert_eq!(world.admitted(&["cf-connecting-ip: 192.0.2.2"]).await, 0);
}

#[actix_web::test]
async fn forwarded_is_read_with_all_that_it_may_hold() {
    let proxies = TrustedProxies::new(["127.0.0.1"]).unwrap();
    let world = World::new(proxies.header(ForwardingHeader::Forwarded));
    let first =
        r#"forwarded: for="[2001:db8::1%eth0]:4711";proto=https;host="a\", for=6.6.6.6;b=\"c""#;
    assert_eq!(world.admitted(&[first]).await, 2);
    assert_eq!(world.admitted(&["forwarded: for=6.6.6.6, for=\"[2001:db8::2]\""]).await, 0);
    assert_eq!(world.admitted(&["forwarded: for=6.6.6.6"]).await, 2);
    assert_eq!(world.admitted(&["forwarded: for=_hidden"]).await, 2, "the peer");
    assert_eq!(world.admitted(&["forwarded: for=6.6.6.7, for=unknown"]).await, 0);
    let other = ["forwarded: for=unknown", "x-forwarded-for: 192.0.2.7"];
    assert_eq!(world.admitted(&other).await, 0);
}

#[actix_web::test]
async fn a_rule_about_networks_believes_the_same_address() {
    let world = World::new(TrustedProxies::hops(1));
    let get = async |line: &str| {
        world.server.get("/inside", &[&format!("x-forwarded-for: {line}")]).await
    };
    assert_eq!(get("203.0.113.9, 192.0.2.1").await.status, 200);
    get("192.0.2.1, 203.0.113.9").await.problem(403);
    get("192.0.2.1, 192.0.2.300").await.problem(403);
    assert_eq!(world.runs.so_far(), 1);
}

/// A head of the maximum size is answered, and does not appear as a new client.
#[actix_web::test]
async fn a_header_as_long_as_a_client_likes_is_one_client() {
    let world = World::new(TrustedProxies::new(["127.0.0.1", "10.0.0.0/8"]).unwrap());
    for (filler, last) in [("10.0.0.1,", "10.0.0.9"), ("6,", "10.0.0.8"), ("\",", "10.0.0.7")] {
        let lines = format!("x-forwarded-for: {}{last}", filler.repeat(10_000));
        assert_eq!(world.admitted(&[&lines]).await, 2, "{filler}");
    }
}

#[test]
fn a_setting_that_believes_anybody_does_not_start() {
    let build = |proxies: TrustedProxies| {
        let builder = crate::security(module_path!()).0;
        builder.trusted_proxies(proxies).build()
    };
    let fault = |proxies| build(proxies).map(|_: Security| ()).unwrap_err().to_string();
    let real = single("X-Real-IP");
    assert!(fault(TrustedProxies::hops(0)).contains("`TrustedProxies::hops` expects 1 to 32"));
    let text = fault(TrustedProxies::hops(1).header(real.clone()));
    assert!(text.contains("`x-real-ip` has one address: name the proxies' networks"), "{text}");
    assert!(build(TrustedProxies::hops(1)).is_ok());
    assert!(build(TrustedProxies::new(["127.0.0.1"]).unwrap().header(real)).is_ok());
}
