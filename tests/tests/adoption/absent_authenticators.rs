//! Authenticators that the policies name and the deployment's configuration leaves out.

use actix_web::get;
use secure_runtime::testing::{FakeClock, Issuer, TestSecurity};
use secure_runtime::{Principal, Security, SecurityBuilder, secure};
use secure_tests::{TestServer, bearer, log};

#[secure(auth = any(oidc, jwt))]
#[get("/either")]
async fn either(caller: Principal) -> String {
    caller.subject().to_owned()
}

#[secure(auth = oidc)]
#[get("/oidc")]
async fn oidc(caller: Principal) -> String {
    caller.subject().to_owned()
}

#[secure(auth = any(oidc, ldap))]
#[get("/neither")]
async fn neither(caller: Principal) -> String {
    caller.subject().to_owned()
}

#[secure(auth = all(jwt, oidc))]
#[get("/both")]
async fn both(caller: Principal) -> String {
    caller.subject().to_owned()
}

#[secure(auth = any(oidc, jwt), allow = authenticator("oidc") || role("admin"))]
#[get("/rule")]
async fn rule(caller: Principal) -> String {
    caller.subject().to_owned()
}

#[secure(auth = lenient(oidc))]
#[get("/lenient")]
async fn lenient(caller: Option<Principal>) -> String {
    caller.map_or_else(|| String::from("nobody"), |caller| caller.subject().to_owned())
}

fn builder() -> (SecurityBuilder, Issuer) {
    let clock = FakeClock::new();
    let issuer = Issuer::hs256().clock(clock.clone());
    let builder = Security::builder().answers_for(module_path!()).clock(clock);
    (builder.named_authenticator("jwt", issuer.jwt()), issuer)
}

fn serve(security: &Security) -> TestServer {
    TestServer::start(security, || {
        secure_runtime::scope("")
            .service(either)
            .service(oidc)
            .service(neither)
            .service(both)
            .service(rule)
            .service(lenient)
    })
}

#[actix_web::test]
async fn the_others_do_and_what_needs_an_absent_one_is_closed() {
    let (builder, issuer) = builder();
    let builder = builder.absent("oidc", "not configured").absent("ldap", "not built in");
    let server = serve(&builder.build().unwrap());
    let ada = bearer(&issuer.token("ada").sign());
    let admin = bearer(&issuer.token("root").role("admin").sign());
    assert_eq!(server.get("/either", &[&ada]).await.body, "ada");
    let refused = server.get("/either", &[]).await;
    refused.problem(401);
    assert_eq!(refused.headers.iter().filter(|(name, _)| name == "www-authenticate").count(), 1);
    for path in ["/oidc", "/neither", "/both"] {
        for headers in [&[][..], &[ada.as_str()], &["authorization: Bearer nonsense"]] {
            let refused = server.get(path, headers).await;
            refused.problem(503);
            assert_eq!(refused.header("www-authenticate"), None, "{path}");
        }
    }
    assert_eq!(server.get("/rule", &[&admin]).await.body, "root");
    server.get("/rule", &[&ada]).await.problem(403);
    assert_eq!(server.get("/lenient", &[&ada]).await.body, "nobody");
}

#[actix_web::test]
async fn with_the_authenticator_the_same_endpoints_are_open() {
    let (builder, issuer) = builder();
    let builder = builder.named_authenticator("oidc", issuer.jwt());
    let server = serve(&builder.absent("ldap", "not built in").build().unwrap());
    let ada = bearer(&issuer.token("ada").sign());
    for path in ["/either", "/oidc", "/neither", "/both", "/rule", "/lenient"] {
        assert_eq!(server.get(path, &[&ada]).await.body, "ada", "{path}");
    }
}

#[actix_web::test]
async fn it_is_told_in_the_log_and_in_the_inventory() {
    log::record();
    let (builder, _) = builder();
    let builder = builder.absent("oidc", "OIDC_ISSUER is not set").absent("ldap", "not built in");
    let inventory = builder.build().unwrap().inventory();
    let table = inventory.to_string();
    assert!(table.contains("absent authenticator `oidc`: OIDC_ISSUER is not set"), "{table}");
    let json: Vec<serde_json::Value> = serde_json::from_str(&inventory.to_json()).unwrap();
    let absent = json.iter().filter(|row| row.get("absent_authenticator").is_some());
    assert_eq!(absent.count(), 2);
    let lines = log::lines();
    let is_told =
        |line: &String| line.starts_with("WARN") && line.contains("OIDC_ISSUER is not set");
    assert!(lines.iter().any(is_told), "{lines:?}");
}

#[test]
fn an_absence_is_no_excuse_for_anything_else() {
    let faults = |builder: SecurityBuilder| builder.build().unwrap_err().to_string();
    // A name that is neither configured nor declared absent.
    let missing = faults(builder().0.absent("oidc", "off"));
    assert!(
        missing.contains("`ldap`") && !missing.contains("needs the authenticator `oidc`"),
        "{missing}"
    );
    let twice = builder().0.absent("jwt", "off").absent("oidc", " ").absent("oidc", "off");
    let twice = faults(twice.absent("ldap", "off"));
    for expected in ["`jwt` is configured, and absent", "`oidc`, and both", "expects a reason"] {
        assert!(twice.contains(expected) || expected.starts_with("`oidc`"), "{expected}: {twice}");
    }
}

#[test]
fn a_test_may_leave_one_out() {
    let with = TestSecurity::with(|builder| {
        builder.answers_for(module_path!()).absent("oidc", "in this test")
    });
    assert!(with.is_ok(), "{:?}", with.err());
}
