//! Bans in shadow mode, or enforced only for some addresses: nobody is refused, but the statistics are those of
//! an enforced budget.

use std::collections::BTreeSet;

use secure_runtime::operations::BudgetRow;
use secure_runtime::throttling::LimitMode;

use super::*;

#[secure(failures("3/min", mode = observe))]
#[get("/tried")]
pub(super) async fn tried(caller: Principal) -> String {
    caller.subject().to_owned()
}

#[secure(
    public,
    objects = any,
    failures("3/min", mode = observe),
    rate("1000/min", by = address)
)]
#[post("/tried-login/{name}/{said}")]
pub(super) async fn tried_login(
    request: HttpRequest,
    path: web::Path<(String, String)>,
) -> Result<&'static str, Denial> {
    let (name, said) = path.into_inner();
    claim_account(&request, &name)?;
    match &*said {
        "right" => Ok("welcome"),
        _ => Err(Denial::new(DenialKind::Unauthenticated, "wrong")),
    }
}

#[secure(failures("1/min", mode = "40%"))]
#[get("/some")]
pub(super) async fn some() -> HttpResponse {
    HttpResponse::Ok().finish()
}

/// A limit by address that is enforced for the same percentage.
#[secure(public, rate("1/h", by = address, mode = "40%"))]
#[get("/some-requests")]
pub(super) async fn some_requests() -> HttpResponse {
    HttpResponse::Ok().finish()
}

#[secure(failures("3/min", mode = enforce))]
#[get("/enforced")]
pub(super) async fn strict() -> HttpResponse {
    HttpResponse::Ok().finish()
}

/// A stricter budget in shadow mode, next to an enforced one.
#[secure(failures = "3/min", failures("1/min", mode = observe))]
#[get("/trial")]
pub(super) async fn trial() -> HttpResponse {
    HttpResponse::Ok().finish()
}

impl World {
    pub(super) fn row(&self, id: &str) -> BudgetRow {
        let rows = self.security.limits().statistics().budgets;
        rows.into_iter().find(|row| row.id.as_str().ends_with(id)).unwrap()
    }

    /// The statistics of an enforced budget and of one in shadow mode, for the same
    /// requests.
    fn assert_alike(&self, enforced: &str, observed: &str) {
        let enforced = self.row(&format!("{enforced}/failures/1"));
        let observed = self.row(&format!("{observed}/failures/1"));
        assert_eq!((observed.bans, observed.refused), (0, 0));
        assert_eq!((enforced.observed_bans, enforced.observed), (0, 0));
        assert!(enforced.bans > 0 && enforced.refused > 0);
        assert_eq!(
            (enforced.bans, enforced.refused),
            (observed.observed_bans, observed.observed),
            "{enforced:?} {observed:?}"
        );
    }
}

#[actix_web::test]
async fn nobody_is_refused_and_the_figures_are_those_of_a_budget_that_refuses() {
    let world = World::new();
    let (key, other) = (world.key("billing"), world.key("newcomer"));
    let right = [header(&key), header(&other)];
    let send = async |path: &str, credentials: &[String]| {
        let mut statuses = Vec::new();
        for line in credentials {
            let answer = world.get(path, HERE, line).await;
            assert!(path == "/orders" || answer.header("retry-after").is_none());
            statuses.push(answer.status);
        }
        statuses
    };
    for round in 0..3 {
        let guesses = guesses(key.record().id(), 6);
        assert_eq!(send("/orders", &guesses).await, [401, 401, 401, 429, 429, 429]);
        assert_eq!(send("/tried", &guesses).await, [401; 6]);
        // The caller whose id was guessed is banned with the attacker; the other caller is not.
        assert_eq!(send("/orders", &right).await, [429, 200], "round {round}");
        assert_eq!(send("/tried", &right).await, [200, 200], "round {round}");
        world.assert_alike("orders", "tried");
        // Each ban is twice as long: further failures during a ban have not extended it.
        world.advance(60 << round);
        assert_eq!(send("/orders", &right).await, [200, 200]);
        assert_eq!(send("/tried", &right).await, [200, 200]);
    }
    // The whole address.
    for victim in 0..12 {
        let guesses = guesses(&format!("shop_{victim:012}"), 4);
        send("/orders", &guesses).await;
        assert_eq!(send("/tried", &guesses).await, [401; 4]);
    }
    world.assert_alike("orders", "tried");
    let statistics = world.security.failure_statistics();
    assert_eq!(
        (statistics.bans, statistics.refused),
        (statistics.observed_bans, statistics.observed)
    );
}

#[actix_web::test]
async fn an_observed_account_is_counted_as_one_that_is_banned_and_served() {
    let world = World::new();
    let from = format!("x-forwarded-for: {HERE}");
    let send = async |path: &str, name: &str, said: &str| {
        world.server.send("POST", &format!("/{path}/{name}/{said}"), &[&from], "").await.status
    };
    for (name, said, enforced, observed) in [
        ("ada", "wrong", 401, 401),
        ("ada", "wrong", 401, 401),
        ("grace", "right", 200, 200),
        ("ada", "wrong", 401, 401),
        ("ada", "wrong", 429, 401),
        ("ada", "right", 429, 200),
        ("grace", "right", 200, 200),
    ] {
        assert_eq!(send("login", name, said).await, enforced, "{name} {said}");
        assert_eq!(send("tried-login", name, said).await, observed, "{name} {said}");
    }
    world.assert_alike("login", "tried_login");
    for name in 0..40 {
        let name = format!("victim-{name}");
        send("login", &name, "wrong").await;
        assert_eq!(send("tried-login", &name, "wrong").await, 401);
    }
    world.assert_alike("login", "tried_login");
    assert_eq!(world.row("tried_login/failures/1").observed_bans, 2, "the account, the address");
}

#[actix_web::test]
async fn a_percentage_is_of_addresses_and_the_same_as_of_limits_by_address() {
    let world = World::new();
    let addresses: Vec<String> = (1..=60).map(|number| format!("198.51.100.{number}")).collect();
    let forged = world.forged(2);
    let banned = async || {
        let mut banned = BTreeSet::new();
        for address in &addresses {
            let statuses = world.statuses("/some", address, &forged).await;
            assert!(statuses == [401, 429] || statuses == [401, 401], "{statuses:?}");
            if statuses[1] == 429 {
                banned.insert(address.clone());
            }
        }
        banned
    };
    let first = banned().await;
    assert!((10..=38).contains(&first.len()), "{first:?}");
    let mut beyond = BTreeSet::new();
    for address in &addresses {
        assert_eq!(world.get("/some-requests", address, "").await.status, 200);
        if world.get("/some-requests", address, "").await.status == 429 {
            beyond.insert(address.clone());
        }
    }
    assert_eq!(first, beyond);
    let row = world.row("some/failures/1");
    assert_eq!((row.bans, row.observed_bans), (first.len() as u64, 60 - first.len() as u64));
    // A larger percentage only adds addresses.
    world.advance(600);
    world.security.limits().set_mode(&row.id, LimitMode::Percent(70)).unwrap();
    let more = banned().await;
    assert!(first.is_subset(&more) && more.len() > first.len(), "{more:?}");
}

#[actix_web::test]
async fn a_budget_on_trial_leaves_the_default_one_in_force() {
    let world = World::new();
    let statuses = world.statuses("/tried", HERE, &world.forged(102)).await;
    assert_eq!(&statuses[..100], [401; 100]);
    assert_eq!(&statuses[100..], [429; 2]);
    let refused = world.get("/tried", HERE, &world.forged(1)[0]).await.problem(429);
    let violated = serde_json::json!(["failed authentication 100/min"]);
    assert_eq!(refused["violated-policies"], violated);
    assert_eq!(world.row("tried/failures/1").refused, 0);
}

#[actix_web::test]
async fn a_stricter_budget_is_tried_beside_the_one_that_holds() {
    let world = World::new();
    let statuses = world.statuses("/trial", HERE, &world.forged(4)).await;
    assert_eq!(statuses, [401, 401, 401, 429]);
    let (holds, on_trial) = (world.row("trial/failures/1"), world.row("trial/failures/2"));
    assert_eq!((holds.bans, holds.refused, holds.observed), (1, 1, 0));
    assert_eq!((on_trial.observed_bans, on_trial.observed, on_trial.refused), (1, 2, 0));
    let inventory = world.security.inventory();
    let row = inventory.rows().iter().find(|row| row.path == Some("/trial")).unwrap();
    assert_eq!(row.limits, ["failures 3/min", "failures 1/min observed"]);
}

#[actix_web::test]
async fn the_configuration_observes_what_does_not_say_that_it_refuses() {
    let proxies = || TrustedProxies::new(["127.0.0.1"]).unwrap();
    let observe = |builder: SecurityBuilder| builder.failure_mode(LimitMode::Observe);
    let world = World::with(|builder| observe(builder.trusted_proxies(proxies())));
    let forged = world.forged(5);
    assert_eq!(world.statuses("/orders", HERE, &forged).await, [401; 5]);
    let refused = [401, 401, 401, 429, 429];
    assert_eq!(world.statuses("/enforced", HERE, &forged).await, refused);
    // This includes the default budget.
    let many = world.forged(103);
    assert_eq!(world.statuses("/plain", HERE, &many).await, [401; 103]);
    let row = world.row("failed authentication");
    assert_eq!((row.mode, row.observed_bans, row.observed), (LimitMode::Observe, 1, 3));
    assert!(row.endpoints.iter().any(|name| name.ends_with("::plain")));
    let inventory = world.security.inventory().to_string();
    assert!(inventory.contains("failures 3/min observed"), "{inventory}");
    // The mode of limits does not apply to bans.
    let world =
        World::with(|builder| builder.trusted_proxies(proxies()).limit_mode(LimitMode::Observe));
    assert_eq!(world.statuses("/orders", HERE, &forged).await, refused);
    let wrong =
        Security::builder().answers_for(module_path!()).failure_mode(LimitMode::Percent(101));
    let error = wrong.authenticator("jwt", Issuer::hs256().jwt()).build().unwrap_err();
    let faults: Vec<&str> = error.faults().map(secure_runtime::LaunchFault::message).collect();
    assert_eq!(faults, ["`failure_mode` expects 0 to 100 percent, found 101"]);
}

#[actix_web::test]
async fn the_default_budget_guards_where_one_that_replaced_it_is_observed() {
    let world = World::new();
    let limits = world.security.limits();
    let id = world.row("orders/failures/1").id;
    let is_guarded_by_default = || {
        let rows = limits.statistics().budgets.into_iter();
        let mut rows = rows.filter(|row| row.id == "failed authentication");
        rows.any(|row| row.endpoints.iter().any(|name| name.ends_with("::orders")))
    };
    assert!(!is_guarded_by_default());
    limits.set_mode(&id, LimitMode::Observe).unwrap();
    assert!(is_guarded_by_default());
    let forged = world.forged(101);
    let mut expected = vec![401; 100];
    expected.push(429);
    assert_eq!(world.statuses("/orders", HERE, &forged).await, expected);
    let refused = world.get("/orders", HERE, &forged[0]).await.problem(429);
    let violated = serde_json::json!(["failed authentication 100/min"]);
    assert_eq!(refused["violated-policies"], violated);
    // A mode of the default budget applies even while the budget is not in use.
    limits.set_mode(&id, LimitMode::Enforce).unwrap();
    assert!(!is_guarded_by_default());
    limits.set_mode(&"failed authentication".parse().unwrap(), LimitMode::Observe).unwrap();
    limits.set_mode(&id, LimitMode::Observe).unwrap();
    assert_eq!(world.get("/orders", HERE, &forged[0]).await.status, 401);
}

#[actix_web::test]
async fn a_mode_is_changed_while_the_program_runs_and_for_bans_that_have_begun() {
    let world = World::new();
    let forged = world.forged(4);
    assert_eq!(world.statuses("/orders", HERE, &forged).await, [401, 401, 401, 429]);
    let limits = world.security.limits();
    let id = world.row("orders/failures/1").id;
    limits.set_mode(&id, LimitMode::Observe).unwrap();
    assert_eq!(world.statuses("/orders", HERE, &forged[..1]).await, [401]);
    limits.set_mode(&id, LimitMode::Enforce).unwrap();
    assert_eq!(world.statuses("/orders", HERE, &forged[..1]).await, [429]);
    let row = world.row("orders/failures/1");
    assert_eq!((row.bans, row.refused, row.observed_bans, row.observed), (1, 2, 0, 1));
    assert!(limits.set_mode(&id, LimitMode::Percent(101)).is_err());
    assert!(limits.set_mode(&"orders/failures/9".parse().unwrap(), LimitMode::Observe).is_err());
    let shown = limits.statistics().to_string();
    assert!(shown.contains("BANS  REFUSED  OBSERVED BANS  OBSERVED"), "{shown}");
}
