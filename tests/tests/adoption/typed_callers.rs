//! The caller as the application's own type, in handlers and in rules.

use actix_web::{HttpResponse, delete, get, post, web};
use secure_runtime::authentication::{Attempt, Authenticator, Challenge, Presented};
use secure_runtime::{Caller, Moment, Principal, RequestHead, Security, secure};
use secure_tests::{TestServer, log};

/// A row of the user table.
#[derive(Debug)]
struct User {
    id: u32,
    moderates: Vec<u32>,
    password_hash: &'static str,
}

impl User {
    fn is_moderator_of(&self, forum: u32) -> bool {
        self.moderates.contains(&forum)
    }
}

#[secure]
#[get("/me")]
async fn me(caller: Caller<User>, principal: Principal) -> String {
    let task = caller.clone().into_inner();
    assert_eq!(principal.subject(), caller.principal().subject());
    assert!(!format!("{caller:?}").contains(task.password_hash), "{caller:?}");
    format!("{} {}", caller.id, caller.principal().subject())
}

#[secure(auth = optional)]
#[get("/maybe")]
async fn maybe(caller: Option<Caller<User>>) -> String {
    caller.map_or_else(|| String::from("nobody"), |caller| caller.id.to_string())
}

#[secure(auth = optional)]
#[get("/needs")]
async fn needs(caller: Caller<User>) -> String {
    caller.id.to_string()
}

#[secure(allow = user.is_moderator_of(**forum), rate = "1000/h")]
#[delete("/forums/{forum}")]
async fn purge(forum: web::Path<u32>, user: Caller<User>) -> String {
    format!("{} purged {forum}", user.id)
}

/// The rule is about the caller, so a refused request's body is not read.
#[secure(
    allow = user.is_moderator_of(7),
    rate = "1000/h",
    max_body = "1KiB",
    unvalidated(text, reason = "a text")
)]
#[post("/announcements")]
async fn announce(user: Caller<User>, text: String) -> String {
    format!("{} announced {text}", user.id)
}

#[secure(allow = caller.get::<User>().is_some_and(|user| user.is_moderator_of(7)))]
#[get("/seven")]
async fn seven() -> HttpResponse {
    HttpResponse::Ok().finish()
}

/// `x-user: 7` has a row, `x-user: rowless` has none.
struct Rows;

impl Authenticator for Rows {
    fn challenge(&self) -> Challenge {
        Challenge::new("Rows")
    }

    fn presented(&self, request: &RequestHead<'_>) -> Presented<'_> {
        Presented::by_header(request, "x-user")
    }

    fn authenticate(&self, request: &RequestHead<'_>, _: Moment) -> Attempt {
        let Some(name) = request.header("x-user") else { return Attempt::Absent };
        let name = String::from_utf8_lossy(name);
        let principal = Principal::builder(&*name).extension("another value");
        Attempt::Accepted(match name.parse() {
            Ok(id) => {
                let user = User { id, moderates: vec![id], password_hash: "s3cr3t" };
                principal.extension(user).build()
            }
            Err(_) => principal.build(),
        })
    }
}

fn server() -> TestServer {
    let builder = Security::builder().answers_for(module_path!());
    let security = builder.authenticator("rows", Rows).build().unwrap();
    TestServer::start(&security, || {
        secure_runtime::scope("")
            .service(me)
            .service(maybe)
            .service(needs)
            .service(purge)
            .service(announce)
            .service(seven)
    })
}

#[actix_web::test]
async fn a_handler_has_the_value_of_the_authenticator() {
    let server = server();
    assert_eq!(server.get("/me", &["x-user: 7"]).await.body, "7 7");
    server.get("/me", &[]).await.problem(401);
    assert_eq!(server.get("/maybe", &["x-user: 7"]).await.body, "7");
    assert_eq!(server.get("/maybe", &[]).await.body, "nobody");
    assert_eq!(server.get("/needs", &["x-user: 7"]).await.body, "7");
    let refused = server.get("/needs", &[]).await;
    refused.problem(401);
    assert_eq!(refused.header("www-authenticate"), Some("Rows"));
}

#[actix_web::test]
async fn a_caller_without_the_value_is_a_fault_that_the_log_explains() {
    log::record();
    let server = server();
    let problem = server.get("/me", &["x-user: rowless"]).await.problem(500);
    assert_eq!(problem.get("detail"), None);
    // An `Option` is `None` in this case, but the log has a line.
    let before = log::lines().len();
    assert_eq!(server.get("/maybe", &["x-user: rowless"]).await.body, "nobody");
    let lines = log::lines().split_off(before);
    let told = |line: &String| {
        line.contains("ERROR") && line.contains("User") && line.contains("extension")
    };
    assert!(lines.iter().any(told), "{lines:?}");
}

#[actix_web::test]
async fn rules_ask_the_value() {
    let server = server();
    let send = async |path: &str, user: &str| server.send("DELETE", path, &[user], "").await;
    assert_eq!(send("/forums/7", "x-user: 7").await.body, "7 purged 7");
    send("/forums/8", "x-user: 7").await.problem(403);
    assert_eq!(server.get("/seven", &["x-user: 7"]).await.status, 200);
    server.get("/seven", &["x-user: 8"]).await.problem(403);
    server.get("/seven", &["x-user: rowless"]).await.problem(403);
}

#[actix_web::test]
async fn a_rule_about_the_value_is_decided_before_the_body() {
    let server = server();
    let post =
        async |user: &str, body: &str| server.send("POST", "/announcements", &[user], body).await;
    assert_eq!(post("x-user: 7", "hello").await.body, "7 announced hello");
    post("x-user: 7", &"x".repeat(2000)).await.problem(413);
    post("x-user: 8", &"x".repeat(2000)).await.problem(403);
    // No byte of the body has been sent.
    let head = "POST /announcements HTTP/1.1\r\nhost: a\r\nx-user: 8\r\ncontent-length: 5\r\n\r\n";
    assert!(server.raw(head).await.starts_with("HTTP/1.1 403"));
}
