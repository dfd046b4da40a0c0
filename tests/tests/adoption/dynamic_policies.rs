//! Decisions of the application's own that change while the program runs: `action` and `decide`.

use std::collections::BTreeSet;
use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::dev::HttpServiceFactory;
use actix_web::{get, post, web};
use secure_runtime::authorization::{AccessDecision, AccessRequest};
use secure_runtime::testing::{FakeClock, Issuer};
use secure_runtime::{Principal, Security, SecurityBuilder, secure};
use secure_tests::{Answer, TestServer, bearer};
use serde_json::Value;

/// The requests that the policy got, and the grants, as `subject action object`.
#[derive(Clone, Default)]
struct Policy(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    asked: Vec<String>,
    granted: BTreeSet<String>,
}

impl Policy {
    fn grant(&self, line: &str) {
        self.0.lock().unwrap().granted.insert(line.to_owned());
    }

    fn revoke(&self, line: &str) {
        self.0.lock().unwrap().granted.remove(line);
    }

    /// The requests since the last call.
    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap().asked)
    }

    async fn decide(&self, asked: &AccessRequest) -> Result<AccessDecision, String> {
        let caller = asked.caller().map_or("nobody", Principal::subject);
        let object = asked.parameter("id").unwrap_or("-");
        let line = format!("{caller} {} {object}", asked.action());
        actix_web::rt::task::yield_now().await;
        self.0.lock().unwrap().asked.push(line.clone());
        match object {
            "broken" => Err(String::from("the table on db-1 is gone")),
            "panic" => panic!("as asked for"),
            "late" => pending().await,
            "told" => {
                let forbidden = AccessDecision::forbid().because("s3cr3t");
                Ok(forbidden.with_detail("the shop is closed"))
            }
            _ => Ok(self.0.lock().unwrap().granted.contains(&line).into()),
        }
    }
}

#[secure(action = "documents:read")]
#[get("/documents/{id}")]
async fn document(id: web::Path<String>) -> String {
    format!("served {id}")
}

#[secure(action)]
#[get("/own-name")]
async fn own_name() -> &'static str {
    "served"
}

#[secure(action = "hidden:read", hide)]
#[get("/hidden/{id}")]
async fn hidden(id: web::Path<String>) -> String {
    format!("served {id}")
}

#[secure(auth = optional, action = "articles:read")]
#[get("/articles/{id}")]
async fn article(id: web::Path<String>) -> String {
    format!("served {id}")
}

#[secure(
    roles = "editor",
    fresh = "5m",
    action = "edit",
    rate = "2/h",
    unvalidated(text, reason = "any text")
)]
#[post("/edit/{id}")]
async fn edit(_id: web::Path<String>, text: String) -> String {
    text
}

#[secure]
#[get("/without")]
async fn without() -> &'static str {
    "served"
}

#[secure(public)]
#[get("/open")]
async fn open() -> &'static str {
    "served"
}

#[secure(action = "office")]
mod office {
    use actix_web::get;
    use secure_runtime::secure;

    #[secure(action = "office:open")]
    #[get("/office/named")]
    pub(super) async fn named() -> &'static str {
        "served"
    }

    #[secure(action)]
    #[get("/office/plain")]
    pub(super) async fn plain() -> &'static str {
        "served"
    }
}

#[secure(action)]
mod each {
    use actix_web::get;

    #[get("/each/own")]
    pub(super) async fn own() -> &'static str {
        "served"
    }

    #[secure_runtime::secure(action = "each:named")]
    #[get("/each/named")]
    pub(super) async fn named() -> &'static str {
        "served"
    }
}

fn api() -> impl HttpServiceFactory {
    web::scope("")
        .service((document, own_name, hidden, article, edit, without, open))
        .service((office::named, office::plain, each::own, each::named))
        .service(web::scope("/shops/{id}").service(document))
}

struct Bench {
    server: TestServer,
    issuer: Issuer,
    clock: FakeClock,
    policy: Policy,
}

impl Bench {
    fn new(adapt: impl FnOnce(SecurityBuilder) -> SecurityBuilder) -> Self {
        let (builder, issuer, clock) = crate::security(module_path!());
        let policy = Policy::default();
        let asked = policy.clone();
        let builder =
            builder.decide(async move |request: &AccessRequest| asked.decide(request).await);
        let security = adapt(builder).build().unwrap();
        let server = TestServer::start(&security, api);
        Self { server, issuer, clock, policy }
    }

    async fn get(&self, path: &str, subject: &str) -> Answer {
        let token = self.issuer.token(subject).sign();
        self.server.get(path, &[&bearer(&token)]).await
    }

    async fn check(&self, path: &str, subject: &str, expected: u16) {
        let answer = self.get(path, subject).await;
        assert_eq!(answer.status, expected, "{path} {subject}: {answer:?}");
        assert_eq!(answer.body.contains("served"), expected == 200, "{answer:?}");
    }
}

#[actix_web::test]
async fn a_grant_opens_and_its_end_closes_while_the_program_runs() {
    let bench = Bench::new(|builder| builder);
    bench.check("/documents/7", "ada", 403).await;
    bench.policy.grant("ada documents:read 7");
    bench.check("/documents/7", "ada", 200).await;
    bench.check("/documents/8", "ada", 403).await;
    bench.check("/documents/7", "bob", 403).await;
    bench.policy.revoke("ada documents:read 7");
    bench.check("/documents/7", "ada", 403).await;
    // Endpoints without an action do not call the policy.
    bench.policy.asked();
    bench.check("/without", "ada", 200).await;
    assert_eq!(bench.server.get("/open", &[]).await.status, 200);
    assert_eq!(bench.server.get("/documents/7", &[]).await.status, 401);
    assert_eq!(bench.policy.asked(), [""; 0]);
}

#[actix_web::test]
async fn an_action_without_a_name_has_the_handlers_and_layers_are_all_asked() {
    let bench = Bench::new(|builder| builder);
    let module = module_path!();
    bench.check("/own-name", "ada", 403).await;
    bench.check("/office/named", "ada", 403).await;
    bench.policy.grant("ada office -");
    bench.check("/office/named", "ada", 403).await;
    bench.check("/office/plain", "ada", 200).await;
    bench.check("/each/own", "ada", 403).await;
    bench.check("/each/named", "ada", 403).await;
    let expected = [
        format!("ada {module}::own_name -"),
        "ada office -".to_owned(),
        "ada office -".to_owned(),
        "ada office:open -".to_owned(),
        "ada office -".to_owned(),
        format!("ada {module}::each::own -"),
        "ada each:named -".to_owned(),
    ];
    assert_eq!(bench.policy.asked(), expected);
    bench.policy.grant("ada office:open -");
    bench.policy.grant(&expected[0]);
    bench.policy.grant(&expected[5]);
    bench.policy.grant(&expected[6]);
    for path in ["/office/named", "/own-name", "/each/own", "/each/named"] {
        bench.check(path, "ada", 200).await;
    }
    bench.policy.revoke("ada office -");
    bench.check("/office/named", "ada", 403).await;
}

/// The policy gets the same path parameters as the handler.
#[actix_web::test]
async fn the_path_is_decoded_as_for_the_handler() {
    let bench = Bench::new(|builder| builder);
    bench.policy.grant("ada documents:read se/cret");
    let answer = bench.get("/documents/se%2Fcret", "ada").await;
    assert_eq!((answer.status, &*answer.body), (200, "served se/cret"));
    bench.policy.grant("ada documents:read ü x");
    let answer = bench.get("/documents/%C3%BC%20x", "ada").await;
    assert_eq!((answer.status, &*answer.body), (200, "served ü x"));
    bench.policy.grant("ada documents:read a%2Fb");
    bench.check("/documents/a%2Fb", "ada", 403).await;
    let answer = bench.get("/documents/a%252Fb", "ada").await;
    assert_eq!((answer.status, &*answer.body), (200, "served a%2Fb"));
    // If two segments have the same name, the policy gets neither.
    bench.policy.asked();
    bench.policy.grant("ada documents:read 1");
    bench.policy.grant("ada documents:read 2");
    bench.check("/shops/1/documents/2", "ada", 403).await;
    assert_eq!(bench.policy.asked(), ["ada documents:read -"]);
}

#[actix_web::test]
async fn it_is_asked_behind_the_rules_and_before_everything_else() {
    let bench = Bench::new(|builder| builder);
    let now = secure_runtime::Clock::now(&bench.clock).unix_seconds();
    let token = |role: &str, signed_in: u64| {
        let token = bench
            .issuer
            .token("ada")
            .role(role)
            .authenticated_at(secure_tests::unix(signed_in))
            .sign();
        bearer(&token)
    };
    let send = async |token: &str, length: usize| {
        let body = "x".repeat(length);
        bench.server.send("POST", "/edit/7", &[token, "content-type: text/plain"], &body).await
    };
    // The rule refuses first.
    send(&token("reader", now), 1).await.problem(403);
    assert_eq!(bench.policy.asked(), [""; 0]);
    // Neither an old sign-in nor a too large body matters before that, and no permit is taken.
    for _ in 0..3 {
        let answer = send(&token("editor", now - 600), 1).await;
        answer.problem(403);
        assert_eq!(answer.header("ratelimit"), None);
        send(&token("editor", now), 3_000_000).await.problem(403);
    }
    assert_eq!(bench.policy.asked(), ["ada edit 7"; 6]);
    bench.policy.grant("ada edit 7");
    send(&token("editor", now - 600), 1).await.problem(401);
    assert_eq!(send(&token("editor", now), 2).await.body, "xx");
    send(&token("editor", now), 3_000_000).await.problem(413);
    send(&token("editor", now), 2).await.problem(429);
}

#[actix_web::test]
async fn what_is_not_decided_is_refused_and_clients_learn_nothing() {
    let bench = Bench::new(|builder| builder.body_timeout(Duration::from_millis(50)));
    for (object, status) in [("broken", 503), ("panic", 500), ("late", 503)] {
        for path in ["documents", "hidden", "articles"] {
            let answer = bench.get(&format!("/{path}/{object}"), "ada").await;
            answer.problem(status);
            assert!(!answer.body.contains("db-1") && !answer.body.contains("asked"), "{answer:?}");
        }
    }
    let told = bench.get("/documents/told", "ada").await;
    assert_eq!(told.problem(403)["detail"], Value::from("the shop is closed"));
    assert!(!told.body.contains("s3cr3t"));
    let answer = bench.get("/hidden/told", "ada").await;
    assert_eq!(answer.problem(404).get("detail"), None);
    bench.policy.grant("ada documents:read 7");
    bench.check("/documents/7", "ada", 200).await;
}

#[actix_web::test]
async fn what_is_hidden_is_not_there_and_strangers_may_sign_in() {
    let bench = Bench::new(|builder| builder);
    bench.get("/hidden/7", "ada").await.problem(404);
    bench.policy.grant("ada hidden:read 7");
    bench.check("/hidden/7", "ada", 200).await;
    let answer = bench.server.get("/articles/7", &[]).await;
    answer.problem(401);
    assert!(answer.header("www-authenticate").is_some());
    bench.policy.grant("nobody articles:read 7");
    assert_eq!(bench.server.get("/articles/7", &[]).await.status, 200);
    bench.check("/articles/7", "ada", 403).await;
    bench.policy.grant("ada articles:read 7");
    bench.check("/articles/7", "ada", 200).await;
}

#[actix_web::test]
async fn a_program_may_ask_about_every_endpoint() {
    let bench = Bench::new(|builder| builder.decide_all());
    let line = format!("ada {}::without -", module_path!());
    bench.check("/without", "ada", 403).await;
    assert_eq!(bench.policy.asked(), std::slice::from_ref(&line));
    bench.policy.grant(&line);
    bench.check("/without", "ada", 200).await;
    assert_eq!(bench.server.get("/open", &[]).await.status, 200);
    bench.check("/documents/7", "ada", 403).await;
    assert_eq!(bench.policy.asked(), [line, "ada documents:read 7".to_owned()]);
}

#[test]
fn the_inventory_names_actions() {
    let module = module_path!();
    let actions = |decides_all: bool, handler: &str| {
        let bench = builder().decide(async |_: &AccessRequest| true);
        let builder = if decides_all { bench.decide_all() } else { bench };
        let inventory = builder.build().unwrap().inventory();
        let handler = format!("{module}::{handler}");
        let rows = inventory.rows().iter().find(|row| row.handler == handler);
        (rows.unwrap().actions.clone(), inventory.to_string(), inventory.to_json())
    };
    assert_eq!(actions(false, "office::named").0, ["office", "office:open"]);
    assert_eq!(actions(false, "own_name").0, [format!("{module}::own_name")]);
    assert_eq!(actions(false, "without").0, [""; 0]);
    assert_eq!(actions(true, "without").0, [format!("{module}::without")]);
    assert_eq!(actions(true, "open").0, [""; 0]);
    let (_, table, json) = actions(false, "edit");
    assert!(table.contains(r#"role("editor"), action "edit""#), "{table}");
    let listed: Value = serde_json::from_str(&json).unwrap();
    let row = listed.as_array().unwrap().iter().find(|row| row["path"] == "/edit/{id}");
    assert_eq!(row.unwrap()["actions"], serde_json::json!(["edit"]));
}

fn builder() -> SecurityBuilder {
    Security::builder()
        .answers_for(module_path!())
        .authenticator("jwt", Issuer::hs256().jwt().dangerously_accept_test_keys())
}

fn faults(builder: SecurityBuilder) -> Vec<String> {
    builder
        .build()
        .err()
        .map(|error| error.faults().map(ToString::to_string).collect())
        .unwrap_or_default()
}

#[test]
fn an_action_that_nobody_decides_about_keeps_the_program_from_starting() {
    let module = module_path!();
    let found = faults(builder());
    assert_eq!(found.len(), 9, "{found:#?}");
    let expected = format!(
        "`{module}::document` has the action \"documents:read\", and nothing decides about it: add \
         `.decide(…)`"
    );
    assert!(found.iter().any(|fault| fault.starts_with(&expected)), "{found:#?}");
    let found = faults(builder().decide_all().decide_cached(Duration::ZERO, 0));
    let rest = found.iter().filter(|fault| !fault.contains("has the action"));
    let expected = [
        "`decide_all` expects a policy to ask: add `.decide(…)`",
        "`decide_cached` expects a policy to ask: add `.decide(…)`",
        "`decide_cached` expects a time above zero, found none",
        "`decide_cached` expects at least 1 answer, found 0",
    ];
    assert_eq!(rest.collect::<Vec<_>>(), expected);
    assert_eq!(faults(builder().decide(async |_: &AccessRequest| true)), [""; 0]);
}

#[test]
fn nothing_is_remembered_where_nothing_is_said() {
    let bench = builder().decide(async |_: &AccessRequest| true).build().unwrap();
    bench.decisions().clear();
    bench.decisions().forget_subject("ada");
    assert_eq!(bench.decisions().statistics(), Default::default());
}
