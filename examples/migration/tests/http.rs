//! HTTP tests of the application. They use only its HTTP interface, and pass in each state of the migration.

use actix_web::middleware::from_fn;
use actix_web::{App, web};
use awc::ws;
use futures_util::{SinkExt, StreamExt};
use migration::before::Attempts;
use migration::domain::Store;
use migration::{Moved, Route, after, application, sessions};
use secure_tests::{Answer, TestServer};
use serde_json::Value;

const ADA: &str = "authorization: Token session-of-ada";
const GRACE: &str = "authorization: Token session-of-grace";
const ROOT: &str = "authorization: Token session-of-root";
const ADA_BY_COOKIE: &str = "cookie: session=session-of-ada";

/// A state of the migration.
#[derive(Clone, Copy, Debug)]
enum State {
    /// With these routes moved.
    Moving(Moved),
    /// Every route has moved, into a secured scope.
    Finished,
}

/// No route moved; each route moved alone; the routes moved one after the other; and the final state.
fn states() -> Vec<State> {
    let mut states = vec![State::Moving(Moved::default())];
    states.extend(Route::ALL.map(|route| State::Moving(Moved::default().and(route))));
    let mut moved = Moved::default();
    for route in Route::ALL {
        moved = moved.and(route);
        states.push(State::Moving(moved));
    }
    states.push(State::Finished);
    states
}

/// A fresh application in this state.
fn start(state: State) -> TestServer {
    let store = web::Data::new(Store::with_examples());
    let attempts = web::Data::new(Attempts::default());
    let security = after::security().expect("a complete configuration");
    TestServer::run(move || {
        let app = App::new()
            .app_data(security.clone())
            .app_data(store.clone())
            .app_data(attempts.clone());
        match state {
            State::Moving(moved) => app.configure(application(moved)),
            State::Finished => app.service(after::shelf()),
        }
        .wrap(from_fn(sessions::find_user))
    })
}

/// Asserts the application's own error, no matter which check refused the request.
fn assert_refused(answer: &Answer, status: u16, code: &str) {
    assert_eq!(answer.status, status, "{answer:?}");
    assert_eq!(answer.header("content-type"), Some("application/json"), "{answer:?}");
    assert_eq!(answer.body, format!(r#"{{"error":{{"code":"{code}"}}}}"#), "{answer:?}");
}

#[actix_web::test]
async fn documents_are_listed_for_members_of_the_organization() {
    for state in states() {
        let server = start(state);
        let listed = server.get("/documents", &[ADA]).await;
        assert_eq!(listed.status, 200, "{state:?}: {listed:?}");
        assert_eq!(listed.json().as_array().map(Vec::len), Some(1), "{state:?}");
        let foreign = server.get("/documents", &[GRACE]).await;
        assert_eq!(foreign.json().as_array().map(Vec::len), Some(0), "{state:?}");
        let by_cookie = server.get("/documents", &[ADA_BY_COOKIE]).await;
        assert_eq!(by_cookie.status, 200, "{state:?}: {by_cookie:?}");
        assert_refused(&server.get("/documents", &[]).await, 401, "unauthenticated");
        let ended = server.get("/documents", &["authorization: Token ended"]).await;
        assert_refused(&ended, 401, "unauthenticated");
    }
}

#[actix_web::test]
async fn a_document_is_added() {
    for state in states() {
        let server = start(state);
        let added = server.post_json("/documents", &[ADA], r#"{"title":"Second"}"#).await;
        assert_eq!(added.status, 201, "{state:?}: {added:?}");
        assert_eq!(added.json().get("owner"), Some(&Value::from("ada")), "{state:?}");
        for bad in [r#"{"title":""}"#, r#"{"titel":"x"}"#, "{", r#"{"title":"x","more":1}"#] {
            let refused = server.post_json("/documents", &[ADA], bad).await;
            assert_refused(&refused, 400, "invalid");
        }
        let large = format!(r#"{{"title":"{}"}}"#, "x".repeat(70_000));
        assert_refused(&server.post_json("/documents", &[ADA], &large).await, 413, "too_large");
        let anonymous = server.post_json("/documents", &[], r#"{"title":"Second"}"#).await;
        assert_refused(&anonymous, 401, "unauthenticated");
    }
}

#[actix_web::test]
async fn a_document_is_read_within_its_organization_and_missing_elsewhere() {
    for state in states() {
        let server = start(state);
        let read = server.get("/documents/1", &[ADA]).await;
        assert_eq!(read.status, 200, "{state:?}: {read:?}");
        for (path, who) in [("/documents/1", GRACE), ("/documents/2", ADA)] {
            assert_refused(&server.get(path, &[who]).await, 404, "not_found");
        }
        assert_refused(&server.get("/documents/1", &[]).await, 401, "unauthenticated");
    }
}

#[actix_web::test]
async fn a_document_is_removed_by_its_owner_and_by_administrators() {
    for state in states() {
        for (who, status) in [(ADA, 204), (ROOT, 204)] {
            let server = start(state);
            let removed = server.send("DELETE", "/documents/1", &[who], "").await;
            assert_eq!(removed.status, status, "{state:?}: {removed:?}");
            let again = server.send("DELETE", "/documents/1", &[who], "").await;
            assert_refused(&again, 404, "not_found");
        }
        let server = start(state);
        let foreign = server.send("DELETE", "/documents/1", &[GRACE], "").await;
        assert_refused(&foreign, 404, "not_found");
        assert_eq!(server.get("/documents/1", &[ADA]).await.status, 200, "{state:?}");
    }
}

#[actix_web::test]
async fn a_large_file_is_attached_by_the_owner() {
    for state in states() {
        let server = start(state);
        let file = "x".repeat(3 * 1024 * 1024);
        let attached = server.send("PUT", "/documents/1/file", &[ADA], &file).await;
        assert_eq!(attached.status, 204, "{state:?}: {attached:?}");
        let document = server.get("/documents/1", &[ADA]).await.json();
        assert_eq!(
            document.get("attached_bytes"),
            Some(&Value::from(3 * 1024 * 1024)),
            "{state:?}"
        );
        let foreign = server.send("PUT", "/documents/1/file", &[GRACE], "x").await;
        assert_refused(&foreign, 404, "not_found");
    }
}

#[actix_web::test]
async fn administrators_see_users_and_lock_them_out() {
    for state in states() {
        let server = start(state);
        assert_eq!(server.get("/admin/users", &[ROOT]).await.status, 200, "{state:?}");
        assert_refused(&server.get("/admin/users", &[ADA]).await, 403, "forbidden");
        assert_refused(&server.get("/admin/users", &[]).await, 401, "unauthenticated");
        let lock = "/admin/users/ada/lock";
        assert_refused(&server.send("POST", lock, &[ADA], "").await, 403, "forbidden");
        assert_eq!(server.get("/documents", &[ADA]).await.status, 200, "{state:?}");
        assert_eq!(server.send("POST", lock, &[ROOT], "").await.status, 204, "{state:?}");
        assert_refused(&server.get("/documents", &[ADA]).await, 401, "unauthenticated");
        let nobody = server.send("POST", "/admin/users/nobody/lock", &[ROOT], "").await;
        assert_refused(&nobody, 404, "not_found");
    }
}

#[actix_web::test]
async fn a_page_sends_strangers_to_the_login() {
    for state in states() {
        let server = start(state);
        let page = server.get("/account", &[ADA_BY_COOKIE, "accept: text/html"]).await;
        assert_eq!((page.status, page.body.as_str()), (200, "<h1>ada</h1>"), "{state:?}");
        let stranger = server.get("/account", &["accept: text/html"]).await;
        assert_eq!(stranger.status, 303, "{state:?}: {stranger:?}");
        assert_eq!(stranger.header("location"), Some("/login?next=/account"), "{state:?}");
    }
}

#[actix_web::test]
async fn a_socket_echoes_for_users_and_refuses_foreign_pages() {
    for state in states() {
        let server = start(state);
        let url = server.url("/events");
        let connect = |headers: &[(&'static str, String)]| {
            let mut request = awc::Client::new().ws(&url);
            for (name, value) in headers {
                request = request.header(*name, value.as_str());
            }
            request.connect()
        };
        let cookie = ("cookie", String::from("session=session-of-ada"));
        let own = ("origin", server.url(""));
        let (_, mut socket) = connect(&[cookie.clone(), own])
            .await
            .unwrap_or_else(|error| panic!("{state:?}: {error}"));
        socket.send(ws::Message::Text("hello".into())).await.expect("sent");
        let echoed = socket.next().await.expect("a frame").expect("a good frame");
        assert_eq!(echoed, ws::Frame::Text("hello".into()), "{state:?}");
        let foreign = ("origin", String::from("https://evil.example"));
        assert!(connect(&[cookie, foreign]).await.is_err(), "{state:?}");
        assert!(connect(&[]).await.is_err(), "{state:?}");
    }
}

#[actix_web::test]
async fn the_login_takes_five_attempts() {
    for state in states() {
        let server = start(state);
        let good = r#"{"name":"grace","password":"password of grace"}"#;
        let signed_in = server.post_json("/login", &[], good).await;
        assert_eq!(signed_in.status, 200, "{state:?}: {signed_in:?}");
        assert!(signed_in.header("set-cookie").is_some(), "{state:?}");
        let bad = r#"{"name":"grace","password":"guessed"}"#;
        for _ in 0..4 {
            let refused = server.post_json("/login", &[], bad).await;
            assert_refused(&refused, 401, "unauthenticated");
        }
        assert_refused(&server.post_json("/login", &[], bad).await, 429, "throttled");
    }
}

#[actix_web::test]
async fn static_files_are_for_everybody() {
    for state in states() {
        let server = start(state);
        let style = server.get("/static/style.css", &[]).await;
        assert_eq!(style.status, 200, "{state:?}: {style:?}");
        assert_eq!(server.get("/static/missing.css", &[]).await.status, 404, "{state:?}");
    }
}
