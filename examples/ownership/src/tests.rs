//! Tests of the rules over HTTP. Each refused request has an accepted counterpart.

use std::time::{Duration, UNIX_EPOCH};

use secure_runtime::testing::{TestSecurity, Token};
use secure_tests::TestServer;

use super::api;

fn bearer(token: Token) -> String {
    format!("Authorization: Bearer {}", token.sign())
}

#[actix_web::test]
async fn a_tenant_sees_its_own_invoices_and_support_sees_all() {
    let TestSecurity { security, issuer, .. } = TestSecurity::new().unwrap();
    let server = TestServer::start(&security, api);
    let status = async |token: Token| {
        server.get("/api/tenants/acme/invoices", &[&bearer(token)]).await.status
    };
    assert_eq!(status(issuer.token("ada").tenant("acme")).await, 200);
    assert_eq!(status(issuer.token("bob").tenant("umbrella")).await, 403);
    assert_eq!(status(issuer.token("cy")).await, 403);
    assert_eq!(status(issuer.token("sam").role("support")).await, 200);
}

#[actix_web::test]
async fn much_money_moves_in_office_hours_and_from_ones_own_account() {
    let TestSecurity { security, issuer, clock, .. } = TestSecurity::new().unwrap();
    let server = TestServer::start(&security, api);
    let status = async |from: &str, cents: u64| {
        let body = format!(r#"{{"from":"{from}","cents":{cents}}}"#);
        let bearer = bearer(issuer.token("ada"));
        server.post_json("/api/transfers", &[&bearer], &body).await.status
    };
    let monday_noon = UNIX_EPOCH + Duration::from_secs(1_783_332_000); // 2026-07-06T10:00:00Z, noon in Berlin
    clock.set_wall(monday_noon);
    assert_eq!(status("ada", 500_000).await, 200);
    assert_eq!(status("bob", 500).await, 403);
    assert_eq!(status("ada", 0).await, 422);
    clock.advance(Duration::from_secs(6 * 3600));
    assert_eq!(status("ada", 500_000).await, 403);
    assert_eq!(status("ada", 500).await, 200);
}

#[actix_web::test]
async fn metrics_are_for_the_own_network() {
    let TestSecurity { security, .. } = TestSecurity::new().unwrap();
    let server = TestServer::start(&security, api);
    assert_eq!(server.get("/api/metrics", &[]).await.status, 200);
}

#[actix_web::test]
async fn a_clerk_works_for_one_department() {
    let TestSecurity { security, issuer, .. } = TestSecurity::new().unwrap();
    let server = TestServer::start(&security, api);
    let status = async |role: &str, department: &str| {
        let token = issuer.token("kim").role(role).claim("department", department);
        server.get("/api/departments/sales/payroll", &[&bearer(token)]).await.status
    };
    assert_eq!(status("clerk", "sales").await, 200);
    assert_eq!(status("clerk", "legal").await, 403);
    assert_eq!(status("intern", "sales").await, 403);
}
