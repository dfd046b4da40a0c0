//! Failure budgets that are changed while the program runs: the used share stays used.

use std::num::NonZeroU32;
use std::time::Duration;

use actix_web::{HttpRequest, post, web};
use secure_runtime::operations::{LimitChangeError, LimitId};
use secure_runtime::throttling::Quota;
use secure_runtime::{
    Denial, DenialKind, FailedAuthentication, Security, TrustedProxies, claim_account, secure,
};
use secure_tests::Answer;

use super::{ELSEWHERE, HERE, World};

/// While the right password is checked, the budget becomes ten times as large.
#[secure(public, objects = any, failures = "2/min", rate("1000/min", by = address))]
#[post("/changing/{name}/{said}")]
pub(super) async fn changing(
    request: HttpRequest,
    path: web::Path<(String, String)>,
) -> Result<&'static str, Denial> {
    let (name, said) = path.into_inner();
    claim_account(&request, &name)?;
    if said == "right" {
        let security = request.app_data::<Security>().unwrap();
        security.limits().set_quota(&id("changing"), quota(20, 60)).unwrap();
        return Ok("welcome");
    }
    Err(Denial::new(DenialKind::Unauthenticated, "wrong"))
}

fn id(handler: &str) -> LimitId {
    let module = if handler == "changing" { module_path!() } else { super::NAME };
    format!("{module}::{handler}/failures/1").parse().unwrap()
}

fn number(number: u32) -> NonZeroU32 {
    number.try_into().unwrap()
}

fn quota(permits: u32, window: u32) -> Quota {
    Quota::with_window(number(permits), Duration::from_secs(window.into())).unwrap()
}

impl World {
    fn set(&self, id: &LimitId, permits: u32, window: u32) {
        self.security.limits().set_quota(id, quota(permits, window)).unwrap();
    }

    /// How many credentials are checked before a client is banned, and the length of the ban in seconds.
    async fn judged(&self, path: &str, from: &str) -> (usize, String) {
        for (judged, line) in self.forged(200).iter().enumerate() {
            let answer = self.get(path, from, line).await;
            if answer.status == 429 {
                return (judged, retry_after(&answer));
            }
            assert_eq!(answer.status, 401);
        }
        panic!("nobody is banned")
    }

    async fn tries(&self, name: &str, said: &str) -> u16 {
        let from = format!("x-forwarded-for: {HERE}");
        self.server.send("POST", &format!("/changing/{name}/{said}"), &[&from], "").await.status
    }
}

fn retry_after(answer: &Answer) -> String {
    answer.header("retry-after").unwrap().to_owned()
}

#[actix_web::test]
async fn whoever_used_a_share_of_the_old_budget_has_used_that_share_of_the_new_one() {
    let world = World::new();
    let forged = world.forged(2);
    assert_eq!(world.statuses("/orders", HERE, &forged).await, [401, 401]);
    world.set(&id("orders"), 30, 60);
    // Two of three are used, which become twenty of thirty.
    assert_eq!(world.judged("/orders", HERE).await, (10, "60".to_owned()));
    let refused = world.get("/orders", HERE, &forged[0]).await.problem(429);
    assert_eq!(refused["violated-policies"], serde_json::json!(["failures 30/min"]));
    let row = world.row("orders/failures/1");
    assert_eq!((row.budget.as_str(), row.bans, row.refused), ("failures 30/min", 1, 2));
    // Another address has a whole budget; half of it is used when the budget becomes four a minute.
    let other = world.forged(15);
    assert_eq!(world.statuses("/orders", ELSEWHERE, &other).await, [401; 15]);
    world.set(&id("orders"), 4, 60);
    assert_eq!(world.judged("/orders", ELSEWHERE).await.0, 2);
    // The inventory still shows the values of the attribute.
    assert!(world.security.inventory().to_string().contains("failures 3/min"));
}

#[actix_web::test]
async fn an_address_as_a_whole_has_ten_times_the_new_budget() {
    let world = World::new();
    // Fifteen accounts are tried once each: half of thirty.
    for number in 0..15 {
        assert_eq!(world.logs_in(HERE, &format!("early{number}"), "wrong").await.status, 401);
    }
    world.set(&id("login"), 4, 60);
    for number in 0..22 {
        let expected = if number < 20 { 401 } else { 429 };
        let answer = world.logs_in(HERE, &format!("late{number}"), "wrong").await;
        assert_eq!(answer.status, expected, "half of forty are left, found {number}");
    }
}

#[actix_web::test]
async fn bans_go_on_as_they_were_and_grow_as_they_would_have() {
    let world = World::new();
    assert_eq!(world.judged("/orders", HERE).await, (3, "60".to_owned()));
    world.advance(20);
    world.set(&id("orders"), 50, 60);
    let forged = world.forged(1);
    let refused = world.get("/orders", HERE, &forged[0]).await;
    assert_eq!((refused.status, retry_after(&refused)), (429, "40".to_owned()));
    world.advance(40);
    // The whole budget has been refilled; this is the second ban.
    assert_eq!(world.judged("/orders", HERE).await, (50, "120".to_owned()));
    world.set(&id("orders"), 3, 600);
    world.advance(120);
    // The budget was used up, and a fifth has been refilled. The third ban lasts four windows.
    assert_eq!(world.judged("/orders", HERE).await, (1, "2400".to_owned()));
}

#[actix_web::test]
async fn an_attempt_that_turns_out_right_is_given_back_although_the_budget_changed_meanwhile() {
    let world = World::new();
    assert_eq!(world.tries("ada", "wrong").await, 401);
    // The request takes the second of two, which is given back as ten of twenty.
    assert_eq!(world.tries("ada", "right").await, 200);
    for _ in 0..10 {
        assert_eq!(world.tries("ada", "wrong").await, 401);
    }
    assert_eq!(world.tries("ada", "right").await, 429);
    assert_eq!(world.tries("grace", "wrong").await, 401);
}

#[actix_web::test]
async fn a_failure_counts_by_the_budget_that_holds_when_it_is_known() {
    let world = World::new();
    let slow = |name: &str| {
        let from = format!("x-forwarded-for: {HERE}");
        let (path, server) = (format!("/slow/{name}"), &world.server);
        async move { server.send("POST", &path, &[&from], "").await.status }
    };
    let changes = async {
        while world.runs.so_far() < 2 {
            actix_web::rt::task::yield_now().await;
        }
        // Two of three attempts are in flight, which become four of six.
        world.set(&id("slow"), 6, 60);
        world.doors.0.store(true, std::sync::atomic::Ordering::SeqCst);
    };
    let (first, second, ()) = futures_util::future::join3(slow("ada"), slow("ada"), changes).await;
    assert_eq!((first, second), (401, 401));
    assert_eq!([slow("ada").await, slow("ada").await, slow("ada").await], [401, 401, 429]);
    assert_eq!(world.row("slow/failures/1").bans, 1);
}

#[actix_web::test]
async fn the_default_budget_is_changed_for_all_endpoints_and_none_is_made_where_there_is_none() {
    let world = World::new();
    let forged = world.forged(57);
    assert_eq!(world.statuses("/plain", HERE, &forged[..50]).await, [401; 50]);
    world.set(&"failed authentication".parse().unwrap(), 10, 60);
    let statuses = world.statuses("/admin", HERE, &forged[50..]).await;
    assert_eq!(statuses, [401, 401, 401, 401, 401, 429, 429]);
    let refused = world.get("/plain", HERE, &forged[0]).await.problem(429);
    let violated = serde_json::json!(["failed authentication 10/min"]);
    assert_eq!(refused["violated-policies"], violated);
    let row = world.row("failed authentication");
    assert_eq!((row.budget.as_str(), row.bans), ("failed authentication 10/min", 1));
    let proxies = TrustedProxies::new(["127.0.0.1"]).unwrap();
    let world = World::with(|builder| {
        builder.trusted_proxies(proxies).failed_authentication(FailedAuthentication::Off)
    });
    let default: LimitId = "failed authentication".parse().unwrap();
    let error = world.security.limits().set_quota(&default, quota(10, 60)).unwrap_err();
    assert_eq!(error, LimitChangeError::UnknownLimit(default));
}

#[actix_web::test]
async fn what_cannot_be_is_refused_and_changes_nothing() {
    let world = World::new();
    let (limits, id) = (world.security.limits(), id("orders"));
    let burst = quota(9, 60).with_burst(number(2));
    let error = limits.set_quota(&id, burst).unwrap_err();
    assert_eq!(error, LimitChangeError::FailureBudgetBurst(number(2)));
    assert_eq!(error.to_string(), "a failure budget has no burst, found 2");
    let unknown: LimitId = (super::NAME.to_owned() + "::orders/failures/2").parse().unwrap();
    assert_eq!(
        limits.set_quota(&unknown, quota(9, 60)),
        Err(LimitChangeError::UnknownLimit(unknown))
    );
    assert_eq!(world.row("orders/failures/1").budget, "failures 3/min");
    // As often as one likes, but not with more than 255 different ones.
    let first_refused =
        (4..400).find(|permits| limits.set_quota(&id, quota(*permits, 60)).is_err());
    assert_eq!(first_refused, Some(259));
    assert_eq!(limits.set_quota(&id, quota(259, 60)), Err(LimitChangeError::TooManyQuotas));
    assert_eq!(world.row("orders/failures/1").budget, "failures 258/min");
    world.set(&id, 3, 60);
    assert_eq!(world.judged("/orders", HERE).await.0, 3);
}

#[actix_web::test]
async fn a_budget_with_a_burst_is_none_at_launch_either() {
    let burst = quota(100, 60).with_burst(number(10));
    let error = Security::builder()
        .answers_for(super::NAME)
        .authenticator("jwt", secure_runtime::testing::Issuer::hs256().jwt())
        .failed_authentication(FailedAuthentication::Budget(burst))
        .build()
        .unwrap_err();
    let faults: Vec<&str> = error.faults().map(secure_runtime::LaunchFault::message).collect();
    let expected =
        "`failed_authentication` expects a quota without a burst, found `100/min burst 10`";
    assert!(faults.contains(&expected), "{faults:?}");
}
