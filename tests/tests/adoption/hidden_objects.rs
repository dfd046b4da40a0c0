//! Need: `hide` hides objects. A token without a required scope still gets 403, in the same way for objects
//! that exist and for those that do not.

use actix_web::{Error, HttpRequest, get, web};
use secure_runtime::testing::Issuer;
use secure_runtime::{Granted, Principal, Resource, Security, secure};
use secure_tests::{Answer, TestServer, bearer};

struct Task {
    owner: &'static str,
}

impl Resource for Task {
    type Key = u32;

    async fn load(id: u32, _: &HttpRequest) -> Result<Option<Self>, Error> {
        Ok((id == 7).then_some(Self { owner: "ann" }))
    }
}

#[secure(scopes = "tasks:read", allow = task.owner == caller.subject(), hide)]
#[get("/tasks/{id}")]
async fn show(task: Granted<Task>) -> &'static str {
    task.owner
}

// The rule depends only on the caller, so it hides the whole endpoint.
#[secure(scopes = "admin:read", hide)]
#[get("/admin")]
async fn admin() -> &'static str {
    "admin"
}

#[secure(roles = "staff", scopes = "tasks:read", allow = task.owner == caller.subject(), hide)]
#[get("/office/{id}")]
async fn office(task: Granted<Task>) -> &'static str {
    task.owner
}

// Whether the scope is needed depends on an expression about the object in the path.
#[secure(allow = scope("tasks:all") || (is_anns(caller, request) && **id == 7), hide)]
#[get("/early/{id}")]
async fn early(id: web::Path<u32>) -> String {
    id.to_string()
}

fn is_anns(caller: &Principal, request: &HttpRequest) -> bool {
    caller.subject() == "ann" && request.path().ends_with("/7")
}

fn world() -> (TestServer, Issuer) {
    let issuer = Issuer::hs256();
    let builder = Security::builder().answers_for(module_path!());
    let security = builder.authenticator("jwt", issuer.jwt()).build().unwrap();
    let server = TestServer::start(&security, || {
        secure_runtime::scope("").service(show).service(admin).service(office).service(early)
    });
    (server, issuer)
}

fn shown(mut answer: Answer) -> String {
    answer.headers.retain(|(name, _)| name != "date");
    answer.headers.sort();
    format!("{answer:?}")
}

#[actix_web::test]
async fn a_missing_scope_is_told_and_says_nothing_of_the_object() {
    let (server, issuer) = world();
    let without = bearer(&issuer.token("ann").sign());
    let there = server.get("/tasks/7", &[&without]).await;
    there.problem(403);
    let challenge = there.header("www-authenticate").unwrap().to_owned();
    assert!(challenge.contains("insufficient_scope") && challenge.contains("tasks:read"));
    let missing = shown(server.get("/tasks/8", &[&without]).await);
    let malformed = shown(server.get("/tasks/x", &[&without]).await);
    let there = shown(there);
    assert_eq!(there, missing);
    assert_eq!(there, malformed);
    // The counterparts: with the scope, the object is hidden from others and visible to its owner.
    let other = bearer(&issuer.token("bob").scope("tasks:read").sign());
    let owner = bearer(&issuer.token("ann").scope("tasks:read").sign());
    assert_eq!(server.get("/tasks/7", &[&other]).await.status, 404);
    assert_eq!(server.get("/tasks/7", &[&owner]).await.body, "ann");
}

#[actix_web::test]
async fn everything_else_that_is_hidden_stays_hidden() {
    let (server, issuer) = world();
    let without = bearer(&issuer.token("ann").sign());
    assert_eq!(server.get("/admin", &[&without]).await.status, 404);
    // More than a scope is missing.
    assert_eq!(server.get("/office/7", &[&without]).await.status, 404);
    let staff = bearer(&issuer.token("ann").role("staff").sign());
    assert_eq!(server.get("/office/7", &[&staff]).await.status, 403);
    assert_eq!(server.get("/office/8", &[&staff]).await.status, 403);
    // The scope would help for both objects, but the rule has already evaluated an expression about the object.
    assert_eq!(server.get("/early/8", &[&without]).await.status, 404);
    assert_eq!(server.get("/early/7", &[&without]).await.status, 200);
    let all = bearer(&issuer.token("bob").scope("tasks:all").scope("admin:read").sign());
    assert_eq!(server.get("/early/8", &[&all]).await.status, 200);
    assert_eq!(server.get("/admin", &[&all]).await.status, 200);
}
