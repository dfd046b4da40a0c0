//! Rate limits: exact, per caller or address, with headers for the client; refused requests count as declared.

use std::time::Duration;

use actix_web::{HttpResponse, get};
use secure_runtime::testing::{FakeClock, Issuer};
use secure_runtime::throttling::RateLimitHeaders;
use secure_runtime::{ForwardingHeader, SecurityBuilder, TrustedProxies, secure};
use secure_tests::{Answer, TestServer, bearer};

#[secure(rate = "3/h")]
#[get("/each")]
async fn each() -> HttpResponse {
    HttpResponse::Ok().finish()
}

#[secure(public, rate("2/min", by = address))]
#[get("/address")]
async fn address() -> HttpResponse {
    HttpResponse::Ok().finish()
}

#[secure(public, rate("2/min", by = endpoint))]
#[get("/endpoint")]
async fn endpoint() -> HttpResponse {
    HttpResponse::Ok().finish()
}

#[secure(rate = ["2/s", "3/h"])]
#[get("/windows")]
async fn windows() -> HttpResponse {
    HttpResponse::Ok().finish()
}

#[secure(auth = optional, rate(anonymous = "1/h", authenticated = "2/h"))]
#[get("/tiers")]
async fn tiers() -> HttpResponse {
    HttpResponse::Ok().finish()
}

#[secure(rate(anonymous = "2/h", authenticated = "100/h"))]
#[get("/guarded")]
async fn guarded() -> HttpResponse {
    HttpResponse::Ok().finish()
}

#[secure(rate("10/h", burst = 4, cost = 2))]
#[get("/costly")]
async fn costly() -> HttpResponse {
    HttpResponse::Ok().finish()
}

#[secure(rate("1/min", burst = 3))]
#[get("/saved_up")]
async fn saved_up() -> HttpResponse {
    HttpResponse::Ok().finish()
}

#[secure(rate = "3/h")]
#[get("/own_fields")]
async fn own_fields() -> HttpResponse {
    let own = ("ratelimit", r#""mine";r=9;t=9"#);
    HttpResponse::Ok().insert_header(own).append_header(own).finish()
}

fn server_with(
    adapt: impl Fn(SecurityBuilder) -> SecurityBuilder,
) -> (TestServer, Issuer, FakeClock) {
    let (builder, issuer, clock) = crate::security(module_path!());
    let security = adapt(builder).build().unwrap();
    let server = TestServer::start(&security, || {
        secure_runtime::scope("")
            .service(each)
            .service(address)
            .service(endpoint)
            .service(windows)
            .service(saved_up)
            .service(tiers)
            .service(guarded)
            .service(costly)
            .service(own_fields)
    });
    (server, issuer, clock)
}

fn server() -> (TestServer, Issuer, FakeClock) {
    server_with(|builder| builder)
}

async fn statuses(server: &TestServer, path: &str, headers: &[&str], count: usize) -> Vec<u16> {
    let mut statuses = Vec::new();
    for _ in 0..count {
        statuses.push(server.get(path, headers).await.status);
    }
    statuses
}

fn fields(answer: &Answer) -> (Option<&str>, Option<&str>, Option<&str>) {
    let header = |name| answer.header(name);
    (header("ratelimit-policy"), header("ratelimit"), header("retry-after"))
}

#[actix_web::test]
async fn each_caller_has_a_limit_of_their_own_and_is_told_about_it() {
    let (server, issuer, clock) = server();
    let ada = bearer(&issuer.token("ada").sign());
    let first = server.get("/each", &[&ada]).await;
    assert_eq!(fields(&first), (Some(r#""3/h";q=3;w=3600"#), Some(r#""3/h";r=2;t=1200"#), None));
    assert_eq!(statuses(&server, "/each", &[&ada], 3).await, [200, 200, 429]);
    let refused = server.get("/each", &[&ada]).await;
    let problem = refused.problem(429);
    assert_eq!(problem["type"], "https://iana.org/assignments/http-problem-types#quota-exceeded");
    assert_eq!(problem["violated-policies"], serde_json::json!(["3/h"]));
    assert_eq!(refused.header("retry-after"), Some("1200"));
    assert!(refused.header("ratelimit").unwrap().starts_with(r#""3/h";r=0;t="#));

    let grace = bearer(&issuer.token("grace").sign());
    assert_eq!(statuses(&server, "/each", &[&grace], 1).await, [200]);

    clock.advance(Duration::from_secs(1199));
    let early = server.get("/each", &[&ada]).await;
    assert_eq!((early.status, early.header("retry-after")), (429, Some("1")));
    clock.advance(Duration::from_secs(1));
    assert_eq!(statuses(&server, "/each", &[&ada], 2).await, [200, 429]);
}

#[actix_web::test]
async fn a_handler_does_not_say_what_is_left_of_a_limit() {
    let (server, issuer, _) = server();
    let ada = bearer(&issuer.token("ada").sign());
    for left in [r#""3/h";r=2;t=1200"#, r#""3/h";r=1;t=2400"#] {
        let answer = server.get("/own_fields", &[&ada]).await;
        assert_eq!(answer.status, 200);
        assert_eq!(fields(&answer), (Some(r#""3/h";q=3;w=3600"#), Some(left), None));
    }
}

#[actix_web::test]
async fn a_burst_above_the_permits_is_saved_up_and_told() {
    let (server, issuer, clock) = server();
    let ada = bearer(&issuer.token("ada").sign());
    let first = server.get("/saved_up", &[&ada]).await;
    let (policy, left, _) = fields(&first);
    assert_eq!(policy, Some(r#""1/min burst 3";q=3;w=180"#));
    assert_eq!(left, Some(r#""1/min burst 3";r=2;t=60"#));
    assert_eq!(statuses(&server, "/saved_up", &[&ada], 3).await, [200, 200, 429]);
    clock.advance(Duration::from_secs(60));
    assert_eq!(statuses(&server, "/saved_up", &[&ada], 2).await, [200, 429]);
    clock.advance(Duration::from_secs(600));
    assert_eq!(statuses(&server, "/saved_up", &[&ada], 4).await, [200, 200, 200, 429]);

    let (server, issuer, _) = server_with(|it| it.rate_limit_headers(RateLimitHeaders::Legacy));
    let answer = server.get("/saved_up", &[&bearer(&issuer.token("ada").sign())]).await;
    assert_eq!(answer.header("x-ratelimit-limit"), Some("3"));
    assert_eq!(answer.header("x-ratelimit-remaining"), Some("2"));
}

#[actix_web::test]
async fn parallel_requests_admit_exactly_the_burst() {
    let (server, issuer, _) = server();
    let ada = bearer(&issuer.token("ada").sign());
    let headers = [ada.as_str()];
    let requests = (0..40).map(|_| server.get("/each", &headers));
    let answers = futures_util::future::join_all(requests).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 3);
    assert_eq!(answers.iter().filter(|answer| answer.status == 429).count(), 37);
}

#[actix_web::test]
async fn a_forged_forwarding_header_does_not_make_a_new_client() {
    let (server, _, _) = server();
    for (count, expected) in [200, 200, 429, 429].into_iter().enumerate() {
        let forged = format!("x-forwarded-for: 203.0.113.{count}");
        assert_eq!(server.get("/address", &[&forged]).await.status, expected);
    }
}

#[actix_web::test]
async fn behind_a_trusted_proxy_the_rightmost_untrusted_address_is_the_client() {
    let (server, _, _) = server_with(|builder| {
        let proxies = TrustedProxies::new(["127.0.0.1"]).unwrap();
        builder.trusted_proxies(proxies.header(ForwardingHeader::XForwardedFor))
    });
    let get = async |chain: &str| {
        server.get("/address", &[&format!("x-forwarded-for: {chain}")]).await.status
    };
    assert_eq!(get("203.0.113.1").await, 200);
    assert_eq!(get("10.9.9.9, 203.0.113.1").await, 200);
    assert_eq!(get("198.51.100.7, 203.0.113.1").await, 429);
    assert_eq!(get("203.0.113.1, 203.0.113.2").await, 200);
    // One IPv6 network counts as one client.
    assert_eq!(get("2001:db8::1").await, 200);
    assert_eq!(get("2001:db8::2").await, 200);
    assert_eq!(get("2001:db8::3").await, 429);
    assert_eq!(get("2001:db8:0:1::3").await, 200);
}

#[actix_web::test]
async fn an_endpoint_limit_is_shared_by_all() {
    let (server, issuer, _) = server();
    let ada = bearer(&issuer.token("ada").sign());
    assert_eq!(statuses(&server, "/endpoint", &[], 1).await, [200]);
    assert_eq!(statuses(&server, "/endpoint", &[&ada], 2).await, [200, 429]);
}

#[actix_web::test]
async fn what_a_wider_window_refuses_is_not_taken_from_the_narrow_one() {
    let (server, issuer, clock) = server();
    let ada = bearer(&issuer.token("ada").sign());
    assert_eq!(statuses(&server, "/windows", &[&ada], 3).await, [200, 200, 429]);
    clock.advance(Duration::from_secs(1));
    // The hourly limit has one permit left; the second refusal comes from it and names it.
    assert_eq!(statuses(&server, "/windows", &[&ada], 1).await, [200]);
    let refused = server.get("/windows", &[&ada]).await;
    assert_eq!(refused.problem(429)["violated-policies"], serde_json::json!(["3/h"]));
    assert_eq!(refused.header("ratelimit-policy"), Some(r#""2/s";q=2;w=1, "3/h";q=3;w=3600"#));
}

#[actix_web::test]
async fn anonymous_and_authenticated_callers_have_limits_of_their_own() {
    let (server, issuer, _) = server();
    let ada = bearer(&issuer.token("ada").sign());
    assert_eq!(statuses(&server, "/tiers", &[], 2).await, [200, 429]);
    assert_eq!(statuses(&server, "/tiers", &[&ada], 3).await, [200, 200, 429]);
}

#[actix_web::test]
async fn failed_authentication_uses_up_the_anonymous_limit_of_its_address_only() {
    let (server, issuer, _) = server();
    let bad = "authorization: Bearer x.y.z";
    assert_eq!(statuses(&server, "/guarded", &[bad], 3).await, [401, 401, 429]);
    assert_eq!(statuses(&server, "/guarded", &[], 1).await, [429]);
    let ada = bearer(&issuer.token("ada").sign());
    assert_eq!(statuses(&server, "/guarded", &[&ada], 2).await, [200, 200]);
}

#[actix_web::test]
async fn cost_and_burst_are_enforced() {
    let (server, issuer, clock) = server();
    let ada = bearer(&issuer.token("ada").sign());
    assert_eq!(statuses(&server, "/costly", &[&ada], 3).await, [200, 200, 429]);
    clock.advance(Duration::from_secs(719));
    assert_eq!(statuses(&server, "/costly", &[&ada], 1).await, [429]);
    clock.advance(Duration::from_secs(1));
    assert_eq!(statuses(&server, "/costly", &[&ada], 2).await, [200, 429]);
}

#[actix_web::test]
async fn a_wall_clock_that_jumps_neither_frees_nor_blocks_a_limit() {
    let (server, _, clock) = server();
    assert_eq!(statuses(&server, "/address", &[], 3).await, [200, 200, 429]);
    clock.jump_wall(3600);
    assert_eq!(statuses(&server, "/address", &[], 1).await, [429]);
    clock.jump_wall(-7200);
    assert_eq!(statuses(&server, "/address", &[], 1).await, [429]);
    clock.advance(Duration::from_secs(30));
    assert_eq!(statuses(&server, "/address", &[], 2).await, [200, 429]);
}

#[actix_web::test]
async fn the_fields_can_be_the_legacy_ones_or_none() {
    let (server, _, _) = server_with(|it| it.rate_limit_headers(RateLimitHeaders::Legacy));
    let answer = server.get("/address", &[]).await;
    assert_eq!(answer.header("x-ratelimit-limit"), Some("2"));
    assert_eq!(answer.header("x-ratelimit-remaining"), Some("1"));
    assert_eq!(answer.header("x-ratelimit-reset"), Some("30"));
    assert_eq!(answer.header("ratelimit"), None);

    let (server, _, _) = server_with(|it| it.rate_limit_headers(RateLimitHeaders::Off));
    let answer = server.get("/address", &[]).await;
    assert_eq!(answer.header("x-ratelimit-limit").or(answer.header("ratelimit")), None);
}
