//! Tests: a grant is added and removed while the program runs, with each of the engines.

use std::sync::Arc;

use actix_web::{App, web};
use secure_runtime::testing::TestSecurity;
use secure_tests::{TestServer, bearer};

use super::grants::Grants;
use super::sqlite::SqliteGrants;
use super::{Program, api, deciding};

async fn check(grants: Arc<dyn Grants>) {
    let given = Arc::clone(&grants);
    let TestSecurity { security, issuer, .. } =
        TestSecurity::with(|builder| deciding(builder, given)).unwrap();
    let program = web::Data::new(Program { grants, security: security.clone() });
    let served = security.clone();
    let server = TestServer::run(move || {
        App::new().app_data(served.clone()).app_data(program.clone()).service(api())
    });
    let ada = bearer(&issuer.token("ada").sign());
    let bob = bearer(&issuer.token("bob").sign());
    let operator = bearer(&issuer.token("olga").role("operator").sign());
    let get = async |token: &str, path: &str| server.get(path, &[token]).await.status;
    let change = async |method: &str, path: &str, expected: u16| {
        assert_eq!(server.send(method, path, &[&operator], "").await.status, expected, "{path}");
    };
    let (document, grant) = ("/api/documents/7", "/api/grants/ada/documents:read/7");

    assert_eq!(get(&ada, document).await, 403);
    // Only operators change grants.
    assert_eq!(server.send("PUT", grant, &[&ada], "").await.status, 403);
    assert_eq!(get(&ada, document).await, 403);
    change("PUT", grant, 204).await;
    change("PUT", grant, 204).await;
    for _ in 0..3 {
        assert_eq!(get(&ada, document).await, 200);
    }
    assert!(security.decisions().statistics().hits >= 2);
    assert_eq!(get(&bob, document).await, 403);
    assert_eq!(get(&ada, "/api/documents/8").await, 403);
    assert_eq!(server.send("PUT", document, &[&ada], "").await.status, 403);
    // A document's name that contains policy text stays a name and grants nothing.
    let odd =
        "/api/documents/7%22%29%3B%20permit%28principal%2C%20action%2C%20resource%29%3B%20%2F%2F";
    assert_eq!(get(&bob, odd).await, 403);
    change("DELETE", grant, 204).await;
    assert_eq!(get(&ada, document).await, 403);
    change("DELETE", grant, 204).await;
    assert_eq!(get(&ada, document).await, 403);
}

#[actix_web::test]
async fn grants_in_sqlite() {
    check(Arc::new(SqliteGrants::open(":memory:").unwrap())).await;
}

#[cfg(feature = "casbin")]
#[actix_web::test]
async fn grants_in_casbin() {
    check(Arc::new(super::casbin::CasbinGrants::new().await.unwrap())).await;
}

#[cfg(feature = "cedar")]
#[actix_web::test]
async fn grants_in_cedar() {
    check(Arc::new(super::cedar::CedarGrants::new().unwrap())).await;
}

/// A `forbid` policy of Cedar overrides every grant.
#[cfg(feature = "cedar")]
#[actix_web::test]
async fn nobody_writes_to_the_archive_of_cedar() {
    use super::grants::Grant;
    let grants = super::cedar::CedarGrants::new().unwrap();
    for (action, expected) in [("documents:read", true), ("documents:write", false)] {
        let grant = |document: &str| Grant {
            subject: "ada".to_owned(),
            action: action.to_owned(),
            document: document.to_owned(),
        };
        for document in ["archive", "7"] {
            grants.change(&grant(document), true).await.unwrap();
        }
        assert_eq!(grants.permits(&grant("archive")).await.unwrap(), expected);
        assert!(grants.permits(&grant("7")).await.unwrap());
    }
}
