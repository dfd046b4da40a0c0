//! Endpoints with requirements on the sign-in (`fresh`, `acr`): the challenge for the client, and that the
//! handler did not run (RFC 9470).

use std::time::Duration;

use actix_web::{get, post, web};
use secure_runtime::authentication::{Attempt, Authenticator, Capabilities, Challenge, Presented};
use secure_runtime::testing::{FakeClock, Issuer, Token};
use secure_runtime::{Clock, Denial, DenialKind, Moment, Principal, RequestHead, Security, secure};
use secure_tests::{Answer, TestServer, bearer, unix};

use crate::Runs;

#[secure(fresh = "5m")]
#[get("/fresh")]
async fn by_age(runs: web::Data<Runs>) -> &'static str {
    runs.count();
    "fresh"
}

#[secure(acr = any("phr", "mfa"))]
#[get("/class")]
async fn by_class(runs: web::Data<Runs>) -> &'static str {
    runs.count();
    "class"
}

#[secure(amr = all("pwd", "otp"))]
#[get("/methods")]
async fn by_methods(runs: web::Data<Runs>) -> &'static str {
    runs.count();
    "methods"
}

#[secure(
    roles = "clerk",
    scopes = "payments:write",
    fresh = "5min",
    acr = "mfa",
    amr = any("otp", "hwk"),
    rate = "2/h",
    max_body = "8B",
    unvalidated(body, reason = "a test")
)]
#[post("/payments")]
async fn pay(body: String, runs: web::Data<Runs>) -> String {
    runs.count();
    body
}

/// A rule that uses application state and an argument.
#[secure(allow = **id != 13 && caller.subject() != "eve", hide, fresh = "5m")]
#[get("/accounts/{id}")]
async fn account(id: web::Path<u32>, runs: web::Data<Runs>) -> String {
    runs.count();
    id.to_string()
}

/// A handler that decides itself whether the caller must sign in again.
#[secure]
#[post("/transfers/large")]
async fn transfer(runs: web::Data<Runs>) -> Result<&'static str, Denial> {
    runs.count();
    Err(Denial::new(DenialKind::InsufficientAuthentication, "more than a thousand"))
}

/// Accepts also an authenticator whose scheme has no step-up challenge.
#[secure(auth = any(jwt, names), fresh = "5m")]
#[get("/two-schemes")]
async fn two_schemes(runs: web::Data<Runs>) -> &'static str {
    runs.count();
    "two schemes"
}

#[secure(acr = any("mfa", "phr"), fresh = "1h")]
mod careful {
    use actix_web::{get, web};
    use secure_runtime::secure;

    use crate::Runs;

    #[secure(acr = "phr", fresh = "1m")]
    #[get("/narrowed")]
    pub(super) async fn narrowed(runs: web::Data<Runs>) -> &'static str {
        runs.count();
        "narrowed"
    }

    #[secure(roles = "clerk")]
    #[get("/inherited")]
    pub(super) async fn inherited(runs: web::Data<Runs>) -> &'static str {
        runs.count();
        "inherited"
    }
}

struct Bench {
    server: TestServer,
    issuer: Issuer,
    clock: FakeClock,
    runs: Runs,
}

impl Bench {
    fn new() -> Self {
        let (builder, issuer, clock) = crate::security(module_path!());
        let runs = Runs::default();
        let data = web::Data::new(runs.clone());
        let security =
            builder.named_authenticator("names", Names(Capabilities::new())).build().unwrap();
        let server = TestServer::start(&security, move || {
            secure_runtime::scope("")
                .app_data(data.clone())
                .service(by_age)
                .service(by_class)
                .service(by_methods)
                .service(pay)
                .service(account)
                .service(transfer)
                .service(two_schemes)
                .service(careful::narrowed)
                .service(careful::inherited)
        });
        Self { server, issuer, clock, runs }
    }

    /// A token whose caller signed in this many seconds ago.
    fn signed_in(&self, seconds_ago: u64) -> Token<'_> {
        let now = self.clock.now().unix_seconds();
        self.issuer.token("ada").authenticated_at(unix(now - seconds_ago))
    }

    async fn get(&self, path: &str, token: Token<'_>) -> Answer {
        self.server.get(path, &[&bearer(&token.sign())]).await
    }

    async fn accepts(&self, path: &str, token: Token<'_>) {
        let before = self.runs.so_far();
        let answer = self.get(path, token).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(self.runs.so_far(), before + 1);
    }

    /// Asserts a challenge to sign in again with exactly these parameters.
    async fn steps_up(&self, path: &str, token: Token<'_>, parameters: &str) {
        let before = self.runs.so_far();
        let answer = self.get(path, token).await;
        let problem = answer.problem(401);
        assert_eq!(problem["title"], "Unauthorized");
        assert_eq!(answer.header("www-authenticate"), Some(challenge(parameters).as_str()));
        assert_eq!(self.runs.so_far(), before, "the handler ran");
    }
}

fn challenge(parameters: &str) -> String {
    format!("Bearer realm=\"api\", error=\"insufficient_user_authentication\"{parameters}")
}

const MAX_AGE: &str = r#", max_age="300""#;
const CLASSES: &str = r#", acr_values="phr mfa""#;

#[actix_web::test]
async fn whoever_signed_in_too_long_ago_signs_in_again() {
    let bench = Bench::new();
    bench.accepts("/fresh", bench.signed_in(0)).await;
    bench.accepts("/fresh", bench.signed_in(300)).await;
    bench.steps_up("/fresh", bench.signed_in(301), MAX_AGE).await;
    bench.steps_up("/fresh", bench.issuer.token("ada"), MAX_AGE).await;

    // The token stays valid for other endpoints and in the cache, but its sign-in is too old here.
    let token = bench.signed_in(290);
    bench.accepts("/fresh", token.clone()).await;
    bench.clock.advance(Duration::from_secs(10));
    bench.accepts("/fresh", token.clone()).await;
    bench.clock.advance(Duration::from_millis(1));
    bench.steps_up("/fresh", token.clone(), MAX_AGE).await;
    // After a clock is set back, a caller who signed in later than now is not fresh.
    bench.clock.jump_wall(-1000);
    let (before, answer) = (bench.runs.so_far(), bench.get("/fresh", token).await);
    assert_eq!((answer.status, bench.runs.so_far()), (401, before));
}

#[actix_web::test]
async fn without_credentials_nobody_learns_what_would_be_demanded() {
    let bench = Bench::new();
    for path in ["/fresh", "/class", "/methods", "/inherited"] {
        let answer = bench.server.get(path, &[]).await;
        answer.problem(401);
        assert_eq!(answer.header("www-authenticate"), Some("Bearer realm=\"api\""));
        let forged = bearer(&bench.signed_in(0).acr("mfa").tampered());
        let answer = bench.server.get(path, &[&forged]).await;
        answer.problem(401);
        let invalid = "Bearer realm=\"api\", error=\"invalid_token\"";
        assert_eq!(answer.header("www-authenticate"), Some(invalid));
    }
    assert_eq!(bench.runs.so_far(), 0);
}

#[actix_web::test]
async fn one_of_the_classes_is_met_exactly() {
    let bench = Bench::new();
    let token = || bench.issuer.token("ada");
    bench.accepts("/class", token().acr("mfa")).await;
    bench.accepts("/class", token().acr("phr")).await;
    for class in ["MFA", "mfa phr", "phr ", "pwd", "0"] {
        bench.steps_up("/class", token().acr(class), CLASSES).await;
    }
    bench.steps_up("/class", token(), CLASSES).await;
}

#[actix_web::test]
async fn every_method_demanded_was_used() {
    let bench = Bench::new();
    let described = r#", error_description="expected the methods: pwd, otp""#;
    let token = || bench.issuer.token("ada");
    bench.accepts("/methods", token().amr("pwd").amr("mfa").amr("otp")).await;
    bench.steps_up("/methods", token(), described).await;
    bench.steps_up("/methods", token().amr("pwd"), described).await;
    bench.steps_up("/methods", token().amr("pwd").amr("OTP").amr("sms"), described).await;
}

#[actix_web::test]
async fn whoever_may_not_do_it_at_all_is_not_asked_to_sign_in_again() {
    let bench = Bench::new();
    let send = async |token: Token<'_>, body: &str| {
        bench.server.send("POST", "/payments", &[&bearer(&token.sign())], body).await
    };
    // Signing in again adds neither a role nor a scope.
    let stale = || bench.signed_in(301);
    let answer = send(stale(), "x").await;
    answer.problem(403);
    assert_eq!(answer.header("www-authenticate"), None);
    let answer = send(stale().role("clerk"), "x").await;
    answer.problem(403);
    assert!(answer.header("www-authenticate").unwrap().contains("insufficient_scope"));

    // The body is not read, and no permit is taken.
    let grants = |token: Token<'_>| token.role("clerk").scope("payments:write").sign();
    let parameters = r#", error_description="expected the methods: otp or hwk", acr_values="mfa", max_age="300""#;
    for stale in [
        grants(stale().acr("mfa").amr("otp")),
        grants(bench.signed_in(1).amr("otp")),
        grants(bench.signed_in(1).acr("mfa").amr("pwd")),
    ] {
        let headers: &[&str] = &[&bearer(&stale)];
        let answer = bench.server.send("POST", "/payments", headers, "far too long a body").await;
        answer.problem(401);
        assert_eq!(answer.header("www-authenticate"), Some(challenge(parameters).as_str()));
    }
    assert_eq!(bench.runs.so_far(), 0);
    let good = grants(bench.signed_in(1).acr("mfa").amr("hwk"));
    for status in [200, 200, 429] {
        let answer = bench.server.send("POST", "/payments", &[&bearer(&good)], "x").await;
        assert_eq!(answer.status, status);
    }
    assert_eq!(bench.runs.so_far(), 2);
}

#[actix_web::test]
async fn a_rule_about_the_caller_comes_first_and_one_about_an_object_after_it() {
    let bench = Bench::new();
    bench.accepts("/accounts/7", bench.signed_in(0)).await;
    let eve = bench.issuer.token("eve").authenticated_at(unix(1));
    bench.get("/accounts/7", eve).await.problem(404);
    // A caller who has to sign in again does not learn whether the object exists.
    bench.steps_up("/accounts/7", bench.signed_in(301), MAX_AGE).await;
    bench.steps_up("/accounts/13", bench.signed_in(301), MAX_AGE).await;
    bench.get("/accounts/13", bench.signed_in(0)).await.problem(404);
    assert_eq!(bench.runs.so_far(), 1);
}

#[actix_web::test]
async fn layers_demand_together_and_the_narrower_one_is_told() {
    let bench = Bench::new();
    let (narrow, wide) =
        (r#", acr_values="phr", max_age="60""#, r#", acr_values="mfa phr", max_age="3600""#);
    bench.accepts("/narrowed", bench.signed_in(60).acr("phr")).await;
    bench.steps_up("/narrowed", bench.signed_in(61).acr("phr"), narrow).await;
    bench.steps_up("/narrowed", bench.signed_in(60).acr("mfa"), narrow).await;
    bench.accepts("/inherited", bench.signed_in(3600).acr("mfa").role("clerk")).await;
    bench.steps_up("/inherited", bench.signed_in(3601).acr("mfa").role("clerk"), wide).await;
    bench.get("/inherited", bench.signed_in(0).acr("mfa")).await.problem(403);
}

#[actix_web::test]
async fn a_handler_may_ask_its_caller_to_sign_in_again() {
    let bench = Bench::new();
    let token = bearer(&bench.issuer.token("ada").sign());
    let answer = bench.server.send("POST", "/transfers/large", &[&token], "").await;
    answer.problem(401);
    assert_eq!(answer.header("www-authenticate"), Some(challenge("").as_str()));
    assert_eq!(bench.runs.so_far(), 1);
}

#[actix_web::test]
async fn the_scheme_that_was_used_says_what_would_do_if_it_can() {
    let bench = Bench::new();
    let challenges = async |header: &str| {
        let answer = bench.server.get("/two-schemes", &[header]).await;
        answer.problem(401);
        let lines = answer.headers.iter().filter(|(name, _)| name == "www-authenticate");
        lines.map(|(_, value)| value.clone()).collect::<Vec<String>>()
    };
    let stale = bearer(&bench.signed_in(301).sign());
    assert_eq!(challenges(&stale).await, [challenge(MAX_AGE), String::from("Names")]);
    assert_eq!(challenges("x-name: somebody").await, ["Bearer realm=\"api\"", "Names"]);
    assert_eq!(bench.runs.so_far(), 0);
    bench.accepts("/two-schemes", bench.signed_in(1)).await;
}

#[test]
fn the_inventory_says_what_is_demanded() {
    let (builder, ..) = crate::security(module_path!());
    let security =
        builder.named_authenticator("names", Names(Capabilities::new())).build().unwrap();
    let inventory = security.inventory();
    let demanded = |handler: &str| {
        let mut rows = inventory.rows().iter();
        rows.find(|row| row.handler.ends_with(handler)).unwrap().step_up.clone()
    };
    assert_eq!(demanded("::by_age"), r#"fresh = "5m""#);
    assert_eq!(demanded("::by_class"), r#"acr = any("phr", "mfa")"#);
    assert_eq!(demanded("::pay"), r#"fresh = "5m", acr = "mfa", amr = any("otp", "hwk")"#);
    assert_eq!(demanded("::narrowed"), r#"fresh = "1m", acr = "phr""#);
    assert_eq!(demanded("::transfer"), "");
    assert!(inventory.to_string().contains(r#"authenticated, amr = all("pwd", "otp")"#));
    assert!(inventory.to_json().contains(r#""step_up": "fresh = \"5m\"""#));
}

/// Accepts everybody with a name, and announces this.
struct Names(Capabilities);

impl Authenticator for Names {
    fn challenge(&self) -> Challenge {
        Challenge::new("Names")
    }

    fn authenticate(&self, request: &RequestHead<'_>, _: Moment) -> Attempt {
        match request.header("x-name") {
            Some(_) => Attempt::Accepted(Principal::builder("somebody").build()),
            None => Attempt::Absent,
        }
    }

    fn presented(&self, request: &RequestHead<'_>) -> Presented<'_> {
        Presented::by_header(request, "x-name")
    }

    fn capabilities(&self) -> Capabilities {
        self.0.clone()
    }
}

#[test]
fn an_endpoint_that_would_send_every_caller_back_is_found_at_launch() {
    let builder = || Security::builder().answers_for(concat!(module_path!(), "::careful"));
    let silent = || Names(Capabilities::new());
    let error = builder().authenticator("names", silent()).build().unwrap_err();
    let faults: Vec<&str> = error.faults().map(secure_runtime::LaunchFault::message).collect();
    assert_eq!(faults.len(), 2, "{faults:#?}");
    let expected = "`end_to_end::step_up::careful::narrowed` demands `fresh = \"1m\", acr = \
                    \"phr\"`, and none of its authenticators can tell how and when a caller signed \
                    in: an authenticator of your own announces it with \
                    `Capabilities::names_sign_in` (";
    assert!(faults.iter().any(|fault| fault.starts_with(expected)), "{faults:#?}");

    let jwt = || Issuer::hs256().jwt();
    builder().authenticator("jwt", jwt()).build().unwrap();
    builder().authenticator("names", silent()).authenticator("jwt", jwt()).build().unwrap();
    let announces = Names(Capabilities::new().names_sign_in());
    builder().authenticator("names", announces).build().unwrap();
}
