//! Routes move to the attribute one by one, while an existing middleware still authenticates.

use actix_web::dev::Service;
use actix_web::http::header::{AUTHORIZATION, COOKIE};
use actix_web::{App, HttpMessage, HttpRequest, get, web};
use secure_runtime::authentication::{Challenge, FromMiddleware};
use secure_runtime::testing::{FakeClock, Issuer};
use secure_runtime::{Caller, Principal, Security, SecurityBuilder, secure};
use secure_tests::{TestServer, bearer};

#[derive(Clone)]
struct User {
    name: String,
    is_admin: bool,
}

#[secure(auth = session, roles = "admin")]
#[get("/admin")]
async fn admin(user: Caller<User>) -> String {
    user.name.clone()
}

#[secure(auth = any(session, jwt))]
#[get("/either")]
async fn either(caller: Principal) -> String {
    caller.subject().to_owned()
}

#[secure(auth = all(session, jwt))]
#[get("/both")]
async fn both(caller: Principal) -> String {
    caller.subject().to_owned()
}

/// A route that has not moved yet.
async fn old(request: HttpRequest) -> String {
    request.extensions().get::<User>().map_or_else(String::new, |user| user.name.clone())
}

fn session() -> FromMiddleware<User> {
    FromMiddleware::<User>::new(|user| {
        assert!(user.name != "panic");
        let principal = Principal::builder(user.name.as_str()).extension(user.clone());
        if user.is_admin { principal.role("admin").build() } else { principal.build() }
    })
}

/// The middleware accepts a cookie, and its own kind of bearer token.
fn server(session: FromMiddleware<User>) -> (TestServer, Issuer) {
    let clock = FakeClock::new();
    let issuer = Issuer::hs256().clock(clock.clone());
    let builder: SecurityBuilder = Security::builder().answers_for(module_path!()).clock(clock);
    let security = builder
        .named_authenticator("session", session)
        .named_authenticator("jwt", issuer.jwt())
        .build()
        .unwrap();
    let server = TestServer::run(move || {
        App::new()
            .app_data(security.clone())
            .wrap_fn(|request, service| {
                let cookie = request.headers().get(COOKIE);
                let cookie = cookie.and_then(|it| it.to_str().ok()?.strip_prefix("id="));
                let header = request.headers().get(AUTHORIZATION);
                let header = header.and_then(|it| it.to_str().ok()?.strip_prefix("Bearer own-"));
                if let Some(name) = cookie.or(header).map(str::to_owned) {
                    let is_admin = name == "ada";
                    request.extensions_mut().insert(User { name, is_admin });
                }
                service.call(request)
            })
            .route("/old", web::get().to(old))
            .service(secure_runtime::scope("").service(admin).service(either).service(both))
    });
    (server, issuer)
}

#[actix_web::test]
async fn the_user_of_the_middleware_is_the_caller() {
    let (server, _) = server(session());
    for credentials in ["cookie: id=ada", "authorization: Bearer own-ada"] {
        assert_eq!(server.get("/admin", &[credentials]).await.body, "ada");
        assert_eq!(server.get("/old", &[credentials]).await.body, "ada");
    }
    server.get("/admin", &["cookie: id=bob"]).await.problem(403);
    let refused = server.get("/admin", &[]).await;
    refused.problem(401);
    assert_eq!(refused.header("www-authenticate"), Some("Session realm=\"api\""));
    server.get("/admin", &["cookie: id=panic"]).await.problem(503);
}

#[actix_web::test]
async fn another_challenge_may_be_configured() {
    let (server, _) = server(session().challenge(Challenge::new("Cookie")));
    let refused = server.get("/admin", &[]).await;
    assert_eq!(refused.header("www-authenticate"), Some("Cookie"));
}

#[actix_web::test]
async fn it_stands_beside_other_schemes() {
    for (session, first) in [(session(), "bob"), (session().cookie("id"), "ada")] {
        let (server, issuer) = server(session);
        let ada = bearer(&issuer.token("ada").sign());
        assert_eq!(server.get("/either", &[&ada]).await.body, "ada");
        assert_eq!(server.get("/either", &["cookie: id=bob"]).await.body, "bob");
        // A refused header is not replaced by the cookie.
        let own = server.get("/either", &["authorization: Bearer own-bob"]).await;
        assert_eq!(own.status, if first == "bob" { 200 } else { 401 });
        // An explicit header takes precedence over a cookie.
        assert_eq!(server.get("/either", &["cookie: id=bob", &ada]).await.body, first);
        server.get("/either", &[]).await.problem(401);
        server.get("/either", &["authorization: Bearer nonsense"]).await.problem(401);
        assert_eq!(server.get("/both", &["cookie: id=bob", &ada]).await.body, "bob");
        server.get("/both", &["cookie: id=bob"]).await.problem(401);
        server.get("/both", &[&ada]).await.problem(401);
    }
}
