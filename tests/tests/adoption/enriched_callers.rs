//! Roles, tenants and the user's row come from the application's own data.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::get;
use secure_runtime::authentication::{
    Attempt, Authenticator, Capabilities, Challenge, Enrich, FromMiddleware, IntoAuthenticator,
    Presented, Refusal, Verdict,
};
use secure_runtime::testing::{FakeClock, Issuer};
use secure_runtime::{
    Caller, Denial, DenialKind, Moment, Principal, RequestHead, Security, secure,
};
use secure_tests::{Answer, TestServer, bearer, log};

#[derive(Clone)]
struct User {
    id: u32,
    role: &'static str,
    tenant: &'static str,
}

#[secure(roles = "editor", rate("2/min", by = tenant))]
#[get("/edit")]
async fn edit(user: Caller<User>) -> String {
    format!("{} of {}", user.id, user.principal().tenant().unwrap_or("-"))
}

#[secure(auth = optional)]
#[get("/maybe")]
async fn maybe(caller: Option<Principal>) -> String {
    caller.map_or_else(|| String::from("nobody"), |caller| caller.subject().to_owned())
}

#[secure(auth = slow)]
#[get("/slow")]
async fn slow(caller: Principal) -> String {
    caller.tenant().unwrap_or("-").to_owned()
}

#[derive(Clone, Default)]
struct Database(Arc<Mutex<HashMap<&'static str, User>>>);

impl Database {
    async fn user(&self, name: &str) -> Option<User> {
        actix_web::rt::task::yield_now().await;
        self.0.lock().unwrap().get(name).cloned()
    }
}

async fn complete(database: Database, principal: Principal) -> Result<Principal, Refusal> {
    match principal.subject() {
        "locked" => {
            return Err(
                Refusal::forbidden("user 9 is locked").with_detail("your account is locked")
            );
        }
        "denied" => Err(Denial::new(DenialKind::Forbidden, "denied"))?,
        "unlucky" => return Err(Refusal::unavailable("the database is gone: s3cr3t")),
        "panic" => panic!("on purpose"),
        "never" => std::future::pending().await,
        _ => {}
    }
    let user = database.user(principal.subject()).await;
    let user = user.ok_or_else(|| Refusal::invalid_token("the user was deleted"))?;
    let builder = principal.to_builder().role(user.role).tenant(user.tenant);
    Ok(builder.extension(user).build())
}

/// The verification of `x-slow` takes a while.
struct Slow;

impl Authenticator for Slow {
    fn challenge(&self) -> Challenge {
        Challenge::new("Slow")
    }

    fn presented(&self, request: &RequestHead<'_>) -> Presented<'_> {
        Presented::by_header(request, "x-slow")
    }

    fn authenticate(&self, request: &RequestHead<'_>, _: Moment) -> Attempt {
        let Some(name) = request.header("x-slow") else { return Attempt::Absent };
        let is_good = name == b"good";
        Attempt::Pending(Box::pin(async move {
            actix_web::rt::task::yield_now().await;
            match is_good {
                true => Verdict::Accepted(Principal::builder("sam").build()),
                false => Verdict::Refused(Refusal::invalid_token("bad")),
            }
        }))
    }
}

fn server() -> (TestServer, Issuer, Database) {
    let clock = FakeClock::new();
    let issuer = Issuer::hs256().clock(clock.clone());
    let database = Database::default();
    let users = [
        ("ada", User { id: 1, role: "editor", tenant: "acme" }),
        ("bob", User { id: 2, role: "editor", tenant: "acme" }),
        ("eve", User { id: 3, role: "reader", tenant: "acme" }),
        ("ben", User { id: 4, role: "editor", tenant: "other" }),
    ];
    database.0.lock().unwrap().extend(users);
    let rows = database.clone();
    let jwt = issuer.jwt().enrich(move |principal| complete(rows.clone(), principal));
    let waits = Slow.enrich_with(
        |request| request.path_parameter("none").is_none().then(|| request.path().to_owned()),
        |principal, path| async move {
            Ok(principal.to_builder().tenant(path.unwrap_or_default()).build())
        },
    );
    let security = Security::builder()
        .answers_for(module_path!())
        .clock(clock)
        .authenticator("jwt", jwt.timeout(Duration::from_millis(200)))
        .named_authenticator("slow", waits)
        .build()
        .unwrap();
    let server = TestServer::start(&security, || {
        secure_runtime::scope("").service(edit).service(maybe).service(slow)
    });
    (server, issuer, database)
}

async fn ask(server: &TestServer, issuer: &Issuer, path: &str, subject: &str) -> Answer {
    server.get(path, &[&bearer(&issuer.token(subject).sign())]).await
}

#[actix_web::test]
async fn roles_tenants_and_rows_are_those_of_the_database() {
    let (server, issuer, database) = server();
    assert_eq!(ask(&server, &issuer, "/edit", "ada").await.body, "1 of acme");
    assert_eq!(ask(&server, &issuer, "/edit", "bob").await.body, "2 of acme");
    // The limit uses the tenant of the database.
    ask(&server, &issuer, "/edit", "ada").await.problem(429);
    assert_eq!(ask(&server, &issuer, "/edit", "ben").await.body, "4 of other");
    ask(&server, &issuer, "/edit", "eve").await.problem(403);
    // A role in the token is added to those of the database.
    database.0.lock().unwrap().insert("eve", User { id: 3, role: "none", tenant: "third" });
    let token = issuer.token("eve").role("editor").sign();
    assert_eq!(server.get("/edit", &[&bearer(&token)]).await.body, "3 of third");
    // The data is loaded for each request.
    database.0.lock().unwrap().remove("ben");
    ask(&server, &issuer, "/edit", "ben").await.problem(401);
}

#[actix_web::test]
async fn a_refusal_never_makes_the_caller_anonymous() {
    log::record();
    let (server, issuer, _) = server();
    assert_eq!(ask(&server, &issuer, "/maybe", "ada").await.body, "ada");
    assert_eq!(server.get("/maybe", &[]).await.body, "nobody");
    let deleted = ask(&server, &issuer, "/maybe", "gone").await;
    deleted.problem(401);
    assert!(deleted.header("www-authenticate").unwrap().contains("invalid_token"), "{deleted:?}");
    let locked = ask(&server, &issuer, "/maybe", "locked").await.problem(403);
    assert_eq!(locked["detail"], "your account is locked");
    ask(&server, &issuer, "/maybe", "denied").await.problem(403);
    for subject in ["unlucky", "panic", "never"] {
        let answer = ask(&server, &issuer, "/maybe", subject).await;
        answer.problem(503);
        assert!(!answer.body.contains("s3cr3t"), "{answer:?}");
    }
    let lines = log::lines();
    for cause in ["s3cr3t", "enrichment of the caller panicked", "took too long"] {
        let is_told = |line: &&String| line.starts_with("ERROR") && line.contains(cause);
        assert!(lines.iter().any(|line| is_told(&line)), "{cause}");
    }
}

#[actix_web::test]
async fn what_the_authenticator_refuses_is_not_enriched() {
    let (server, issuer, _) = server();
    let expired = issuer.token("ada").claim("exp", 1).sign();
    server.get("/maybe", &[&bearer(&expired)]).await.problem(401);
    server.get("/slow", &["x-slow: bad"]).await.problem(401);
    server.get("/slow", &[]).await.problem(401);
    assert_eq!(server.get("/slow", &["x-slow: good"]).await.body, "/slow");
}

/// An authenticator that overrides every method of the trait; the wrapper must forward them.
struct Thorough;

impl Authenticator for Thorough {
    fn challenge(&self) -> Challenge {
        Challenge::new("Thorough")
    }

    fn presented(&self, _: &RequestHead<'_>) -> Presented<'_> {
        Presented::Header("x-thorough")
    }

    fn authenticate(&self, _: &RequestHead<'_>, _: Moment) -> Attempt {
        Attempt::Absent
    }

    fn remembers(&self, _: &RequestHead<'_>, _: Moment) -> bool {
        true
    }

    fn remembers_refusals(&self) -> bool {
        true
    }

    fn claimed_id<'a>(&self, request: &RequestHead<'a>) -> Option<&'a str> {
        Some(request.method())
    }

    fn ready(&self, _: Moment) -> Result<(), Arc<str>> {
        Err("not yet".into())
    }

    fn capabilities(&self) -> Capabilities {
        let it = Capabilities::new().names_api_keys().checks_revocations();
        it.issuer("https://issuer.example").accepts_audience("shop")
    }

    fn recheck(&self, caller: &Principal, _: Moment) -> Result<(), Refusal> {
        match caller.subject() {
            "ada" => Ok(()),
            _ => Err(Refusal::invalid_token("revoked")),
        }
    }

    fn checks_origins(&self) -> bool {
        true
    }
}

/// Accepts `ada` at once, for tests of an enrichment.
struct Ada;

impl Authenticator for Ada {
    fn challenge(&self) -> Challenge {
        Challenge::new("Ada")
    }

    fn presented(&self, _: &RequestHead<'_>) -> Presented<'_> {
        Presented::Connection
    }

    fn authenticate(&self, _: &RequestHead<'_>, _: Moment) -> Attempt {
        Attempt::Accepted(Principal::builder("ada").build())
    }

    fn recheck(&self, caller: &Principal, now: Moment) -> Result<(), Refusal> {
        Thorough.recheck(caller, now)
    }
}

#[actix_web::test]
async fn a_caller_with_another_name_is_rechecked_by_that_of_the_credentials() {
    let rename = async |principal: Principal| Ok(principal.to_builder().subject("7").build());
    let now = Moment::new(Duration::ZERO, Duration::ZERO);
    let each = Ada.enrich(rename).into_authenticator().unwrap();
    let kept = Ada.enrich_cached(Duration::from_secs(60), rename).into_authenticator().unwrap();
    for it in [each, kept] {
        let attempt = secure_runtime::testing::with_request(&[], |head| it.authenticate(head, now));
        let Attempt::Pending(waiting) = attempt else { panic!("{attempt:?}") };
        let Verdict::Accepted(renamed) = waiting.await else { panic!("she is accepted") };
        assert_eq!(renamed.subject(), "7");
        assert!(it.recheck(&renamed, now).is_ok());
        let other = Principal::builder("7").build();
        assert!(it.recheck(&other, now).is_err());
    }
}

#[actix_web::test]
async fn an_enriched_authenticator_is_the_inner_one_in_all_else() {
    let each = Thorough.enrich(async |principal| Ok(principal)).into_authenticator().unwrap();
    let kept = Thorough
        .enrich_cached(Duration::from_secs(60), async |principal| Ok(principal))
        .into_authenticator()
        .unwrap();
    let now = Moment::new(Duration::ZERO, Duration::ZERO);
    for it in [each, kept] {
        assert_eq!(it.challenge(), Challenge::new("Thorough"));
        assert!(it.remembers_refusals() && it.checks_origins());
        assert!(it.recheck(&Principal::builder("ada").build(), now).is_ok());
        assert!(it.recheck(&Principal::builder("bob").build(), now).is_err());
        // The enrichment may name both.
        assert_eq!(it.capabilities(), Thorough.capabilities().names_tenants().names_tiers());
        assert_eq!(it.ready(now), Err("not yet".into()));
        assert!(it.token_cache_statistics().is_none());
        secure_runtime::testing::with_request(&[], |head| {
            assert!(it.remembers(head, now));
            assert_eq!(it.claimed_id(head), Some("GET"));
            assert!(matches!(it.presented(head), Presented::Header("x-thorough")));
            assert!(matches!(it.authenticate(head, now), Attempt::Absent));
        });
    }
    let jwt = Issuer::hs256().jwt().enrich(async |principal| Ok(principal));
    assert!(jwt.into_authenticator().unwrap().token_cache_statistics().is_some());
}

#[test]
fn faults_of_both_parts_are_listed_together() {
    let jwt = secure_runtime::authentication::Jwt::hs256(b"short");
    let enriched =
        jwt.enrich_cached(Duration::ZERO, async |principal| Ok(principal)).timeout(Duration::ZERO);
    let faults = enriched.into_authenticator().err().unwrap().to_string();
    for expected in ["EnrichmentCache", "timeout", "secret"] {
        assert!(faults.contains(expected), "{expected} in {faults}");
    }
    let session = FromMiddleware::<User>::new(|user| Principal::builder(user.role).build());
    assert!(session.enrich(async |principal| Ok(principal)).into_authenticator().is_ok());
}
