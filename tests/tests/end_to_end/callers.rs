//! Access rules about the caller: roles, scopes, permissions, several authenticators, the `Principal` extractor.

use actix_web::{HttpResponse, get, web};
use secure_runtime::authentication::{
    Attempt, Authenticator, Challenge, Presented, Refusal, Verdict,
};
use secure_runtime::testing::Issuer;
use secure_runtime::{Moment, Principal, RequestHead, secure};
use secure_tests::{TestServer, bearer};

use crate::Runs;

#[secure(roles = "admin")]
#[get("/admin")]
async fn admin(runs: web::Data<Runs>) -> HttpResponse {
    runs.count();
    HttpResponse::Ok().finish()
}

#[secure(roles = any("admin", "editor"), scopes = all("read", "write"), permissions = "posts:edit")]
#[get("/edit")]
async fn edit(runs: web::Data<Runs>) -> HttpResponse {
    runs.count();
    HttpResponse::Ok().finish()
}

#[secure]
#[get("/me")]
async fn me(caller: Principal) -> String {
    caller.subject().to_owned()
}

#[secure(auth = optional)]
#[get("/maybe")]
async fn maybe(caller: Option<Principal>) -> String {
    caller.map_or_else(|| String::from("nobody"), |caller| caller.subject().to_owned())
}

#[secure(auth = optional)]
#[get("/asks")]
async fn asks(caller: Principal) -> String {
    caller.subject().to_owned()
}

#[secure(public)]
#[get("/public")]
async fn public() -> &'static str {
    "everybody"
}

#[secure(auth = device)]
#[get("/device")]
async fn device(caller: Principal) -> String {
    caller.subject().to_owned()
}

#[secure(auth = any(device, jwt))]
#[get("/either")]
async fn either(caller: Principal) -> String {
    caller.subject().to_owned()
}

#[secure(auth = all(jwt, device))]
#[get("/both")]
async fn both(caller: Principal) -> String {
    caller.subject().to_owned()
}

/// An authenticator of the application: it accepts one device, and panics or waits on request.
struct Device;

impl Authenticator for Device {
    fn challenge(&self) -> Challenge {
        Challenge::new("Device")
    }

    fn presented(&self, request: &RequestHead<'_>) -> Presented<'_> {
        Presented::by_header(request, "x-device")
    }

    fn authenticate(&self, request: &RequestHead<'_>, _: Moment) -> Attempt {
        match request.header("x-device") {
            None => Attempt::Absent,
            Some(b"d1") => Attempt::Accepted(Principal::builder("d1").build()),
            Some(b"slow") => Attempt::Pending(Box::pin(async {
                Verdict::Accepted(Principal::builder("slow").build())
            })),
            Some(b"slow-no") => Attempt::Pending(Box::pin(async {
                Verdict::Refused(Refusal::unavailable("the registry is gone"))
            })),
            Some(b"slow-panic") => Attempt::Pending(Box::pin(async { panic!("on purpose") })),
            Some(b"panic") => panic!("on purpose"),
            Some(_) => Attempt::Refused(Refusal::invalid_token("unknown device")),
        }
    }
}

fn server() -> (TestServer, Issuer, Runs) {
    let (builder, issuer, _) = crate::security(module_path!());
    let security = builder.named_authenticator("device", Device).build().unwrap();
    let runs = Runs::default();
    let data = web::Data::new(runs.clone());
    let server = TestServer::start(&security, move || {
        secure_runtime::scope("/api")
            .app_data(data.clone())
            .service(admin)
            .service(edit)
            .service(me)
            .service(maybe)
            .service(asks)
            .service(public)
            .service(device)
            .service(either)
            .service(both)
    });
    (server, issuer, runs)
}

#[actix_web::test]
async fn a_role_is_demanded_exactly() {
    let (server, issuer, runs) = server();
    let status = async |token: &str| server.get("/api/admin", &[&bearer(token)]).await.status;
    assert_eq!(status(&issuer.token("a").role("admin").sign()).await, 200);
    assert_eq!(runs.so_far(), 1);
    assert_eq!(status(&issuer.token("a").role("Admin").sign()).await, 403);
    assert_eq!(status(&issuer.token("a").role("admins").sign()).await, 403);
    assert_eq!(status(&issuer.token("a").scope("admin").sign()).await, 403);
    assert_eq!(status(&issuer.token("a").sign()).await, 403);
    assert_eq!(server.get("/api/admin", &[]).await.status, 401);
    assert_eq!(runs.so_far(), 1);
}

#[actix_web::test]
async fn every_key_must_hold() {
    let (server, issuer, runs) = server();
    let full = || issuer.token("a").role("editor").scope("read").scope("write");
    let status = async |token: &str| server.get("/api/edit", &[&bearer(token)]).await.status;
    assert_eq!(status(&full().permission("posts:edit").sign()).await, 200);
    assert_eq!(status(&full().sign()).await, 403);
    let no_write = issuer.token("a").role("editor").scope("read").permission("posts:edit");
    assert_eq!(status(&no_write.sign()).await, 403);
    let no_role = issuer.token("a").scope("read").scope("write").permission("posts:edit");
    assert_eq!(status(&no_role.sign()).await, 403);
    assert_eq!(runs.so_far(), 1);
}

#[actix_web::test]
async fn the_principal_is_the_verified_caller() {
    let (server, issuer, _) = server();
    let ada = bearer(&issuer.token("ada").sign());
    assert_eq!(server.get("/api/me", &[&ada]).await.body, "ada");
    assert_eq!(server.get("/api/maybe", &[&ada]).await.body, "ada");
    assert_eq!(server.get("/api/maybe", &[]).await.body, "nobody");
    server.get("/api/asks", &[]).await.problem(401);
    for headers in [&[][..], &[ada.as_str()], &["authorization: Bearer nonsense"]] {
        assert_eq!(server.get("/api/public", headers).await.body, "everybody");
    }
}

#[actix_web::test]
async fn credentials_that_are_sent_must_be_valid_where_they_are_optional() {
    let (server, issuer, _) = server();
    let expired = bearer(&issuer.token("ada").claim("exp", 1).sign());
    server.get("/api/maybe", &[&expired]).await.problem(401);
    server.get("/api/maybe", &["authorization: Bearer nonsense"]).await.problem(401);
}

#[actix_web::test]
async fn any_and_all_mean_what_they_say() {
    let (server, issuer, _) = server();
    let ada = bearer(&issuer.token("ada").sign());
    let d1 = "x-device: d1";
    let body = async |path: &str, headers: &[&str]| {
        let answer = server.get(path, headers).await;
        (answer.status, if answer.status == 200 { answer.body } else { String::new() })
    };
    let ok = |who: &str| (200, who.to_owned());
    let denied = (401, String::new());
    assert_eq!(body("/api/device", &[d1]).await, ok("d1"));
    assert_eq!(body("/api/device", &[&ada]).await, denied);
    assert_eq!(body("/api/me", &[d1]).await, denied, "named authenticators are no defaults");
    assert_eq!(body("/api/either", &[&ada]).await, ok("ada"));
    assert_eq!(body("/api/either", &[d1]).await, ok("d1"));
    assert_eq!(body("/api/either", &[]).await, denied);
    assert_eq!(body("/api/either", &["x-device: d2"]).await, denied);
    assert_eq!(body("/api/both", &[&ada, d1]).await, ok("ada"));
    assert_eq!(body("/api/both", &[&ada]).await, denied);
    assert_eq!(body("/api/both", &[d1]).await, denied);
    assert_eq!(body("/api/both", &[&ada, "x-device: d2"]).await, denied);
}

#[actix_web::test]
async fn an_authenticator_that_cannot_judge_refuses() {
    let (server, _, _) = server();
    assert_eq!(server.get("/api/device", &["x-device: slow"]).await.body, "slow");
    for fault in ["x-device: slow-no", "x-device: slow-panic", "x-device: panic"] {
        let problem = server.get("/api/device", &[fault]).await.problem(503);
        assert_eq!(problem.get("detail"), None, "{fault}");
    }
}
