//! Quotas per calendar period: the used share of a period, its reset, and the headers for the client.

use std::time::Duration;

use actix_web::{Responder, get, web};
use secure_runtime::testing::{FakeClock, Issuer};
use secure_runtime::throttling::RateLimitHeaders;
use secure_runtime::{Clock, ResponseCost, SecurityBuilder, secure};
use secure_tests::{Answer, TestServer, bearer};

use crate::Runs;

#[secure(quota = "3/hour")]
#[get("/each")]
async fn each(runs: web::Data<Runs>) -> &'static str {
    runs.count();
    "ok"
}

#[secure(public, quota(["2/hour", "3/day"], by = address, zone = "Asia/Kathmandu"))]
#[get("/zone")]
async fn by_zone() -> &'static str {
    "ok"
}

#[secure(rate = "1/s", quota(tier(free = "1/day", pro = "3/day"), by = tenant))]
#[get("/tiers")]
async fn by_tier() -> &'static str {
    "ok"
}

#[secure(quota("10/day", cost = response))]
#[get("/costly")]
async fn costly() -> impl Responder {
    ResponseCost(14).of("ok")
}

fn server_with(
    adapt: impl Fn(SecurityBuilder) -> SecurityBuilder,
) -> (TestServer, Issuer, FakeClock, Runs) {
    let (builder, issuer, clock) = crate::security(module_path!());
    let (security, runs) = (adapt(builder).build().unwrap(), Runs::default());
    let data = web::Data::new(runs.clone());
    let server = TestServer::start(&security, move || {
        let services = secure_runtime::scope("").app_data(data.clone());
        services.service(each).service(by_zone).service(by_tier).service(costly)
    });
    (server, issuer, clock, runs)
}

fn fields(answer: &Answer) -> (u16, Option<&str>, Option<&str>) {
    (answer.status, answer.header("ratelimit"), answer.header("retry-after"))
}

/// The seconds until the next boundary of an interval, plus some minutes.
fn until(clock: &FakeClock, period: u64, past_minutes: u64) -> u64 {
    let now = clock.now().unix_seconds();
    period - (now + period - past_minutes * 60) % period
}

#[actix_web::test]
async fn a_quota_is_used_up_until_its_period_ends() {
    let (server, issuer, clock, runs) = server_with(|builder| builder);
    let token = || bearer(&issuer.token("ada").sign());
    let left = until(&clock, 3600, 0);
    for remaining in (0..3).rev() {
        let answer = server.get("/each", &[&token()]).await;
        let field = format!(r#""3/hour";r={remaining};t={left}"#);
        assert_eq!(fields(&answer), (200, Some(field.as_str()), None));
        assert_eq!(answer.header("ratelimit-policy"), Some(r#""3/hour";q=3;w=3600"#));
    }
    let refused = server.get("/each", &[&token()]).await;
    assert_eq!(refused.problem(429)["violated-policies"], serde_json::json!(["3/hour"]));
    assert_eq!(refused.header("retry-after"), Some(left.to_string().as_str()));
    assert_eq!(runs.so_far(), 3);
    let grace = bearer(&issuer.token("grace").sign());
    assert_eq!(server.get("/each", &[&grace]).await.status, 200);

    clock.advance(Duration::from_secs(left - 1));
    assert_eq!(server.get("/each", &[&token()]).await.header("retry-after"), Some("1"));
    clock.advance(Duration::from_secs(1));
    let answer = server.get("/each", &[&token()]).await;
    assert_eq!(fields(&answer), (200, Some(r#""3/hour";r=2;t=3600"#), None));
    // The wall clock counts: set forward by an hour, it ends the period; set back, it does not.
    clock.jump_wall(3600);
    assert_eq!(server.get("/each", &[&token()]).await.status, 200);
    clock.jump_wall(-3600);
    let back = server.get("/each", &[&token()]).await;
    assert_eq!(fields(&back), (200, Some(r#""3/hour";r=1;t=7200"#), None));
}

#[actix_web::test]
async fn periods_begin_by_the_clocks_of_a_zone_and_all_of_them_must_admit() {
    let (server, _, clock, _) = server_with(|builder| builder);
    let get = async || server.get("/zone", &[]).await;
    // In that zone, full hours are a quarter of an hour past ours.
    let left = until(&clock, 3600, 15);
    assert_eq!([get().await.status, get().await.status], [200, 200]);
    let refused = get().await;
    assert_eq!(refused.header("retry-after"), Some(left.to_string().as_str()));
    clock.advance(Duration::from_secs(left));
    let third = get().await.status;
    let refused = get().await;
    assert_eq!(refused.problem(429)["violated-policies"].as_array().unwrap().len(), 1);
    let day = refused.header("ratelimit").unwrap().starts_with(r#""3/day";r=0"#);
    // Unless midnight has passed in between.
    assert!(third == 200 && (day || left > until(&clock, 86_400, 15)), "{refused:?}");
}

#[actix_web::test]
async fn tiers_have_quotas_beside_a_rate_and_a_refusal_takes_from_neither() {
    let (server, issuer, clock, _) = server_with(|builder| builder);
    let get = async |tier: &str| {
        let token = issuer.token("ada").tenant(tier).tier(tier).sign();
        server.get("/tiers", &[&bearer(&token)]).await
    };
    let statuses = [get("pro").await.status, get("pro").await.status];
    assert_eq!(statuses, [200, 429], "one a second");
    for expected in [200, 200, 429] {
        clock.advance(Duration::from_secs(1));
        assert_eq!(get("pro").await.status, expected);
    }
    let refused = get("free").await;
    // After the refusal by the quota, the permit of this second was given back.
    assert_eq!(refused.status, 200);
    clock.advance(Duration::from_secs(1));
    assert_eq!(get("free").await.problem(429)["violated-policies"], serde_json::json!(["1/day"]));
}

#[actix_web::test]
async fn a_response_may_overdraw_a_quota() {
    let (server, issuer, clock, _) = server_with(|builder| builder);
    let token = bearer(&issuer.token("ada").sign());
    let left = until(&clock, 86_400, 0);
    let answer = server.get("/costly", &[&token]).await;
    assert_eq!(fields(&answer), (200, Some(format!(r#""10/day";r=0;t={left}"#).as_str()), None));
    let refused = server.get("/costly", &[&token]).await;
    assert_eq!(refused.header("retry-after"), Some(left.to_string().as_str()));
    clock.advance(Duration::from_secs(left));
    let token = bearer(&issuer.token("ada").sign());
    assert_eq!(server.get("/costly", &[&token]).await.status, 200, "debts end with the day");
}

#[actix_web::test]
async fn the_older_fields_and_the_memory_know_quotas() {
    let (builder, ..) = crate::security(module_path!());
    let builder =
        builder.rate_limit_headers(RateLimitHeaders::Legacy).quota_capacity_bytes(1 << 12);
    let security = builder.build().unwrap();
    assert_eq!(security.quota_statistics().bytes, 1 << 12);
    let server = TestServer::start(&security, || secure_runtime::scope("").service(by_zone));
    let answer = server.get("/zone", &[]).await;
    assert_eq!(answer.header("x-ratelimit-limit"), Some("2"));
    assert_eq!(answer.header("x-ratelimit-remaining"), Some("1"));
    assert!(security.inventory().to_string().contains("2/hour Asia/Kathmandu by address"));
}
