//! Need: the crates of a workspace share named policies.

use actix_web::{HttpRequest, get};
use secure_runtime::testing::Issuer;
use secure_runtime::{Principal, Security, secure};
use secure_tests::{TestServer, bearer, policies as base};

/// An item with the same name as one that the policy uses; the policy must not use it.
mod policies {
    #[expect(dead_code, reason = "another function of the name that the policy's expression has")]
    pub(crate) fn are_open(_: &super::HttpRequest) -> bool {
        true
    }
}

#[secure(use = base::staff)]
#[get("/staff")]
async fn staff(caller: Principal, request: HttpRequest) -> String {
    format!("{} {}", caller.subject(), request.path())
}

#[secure(use = secure_tests::policies::strict::staff, use = base::tenants)]
#[get("/strict")]
async fn strict() -> &'static str {
    "strict"
}

#[secure(use = base::staff)]
mod office {
    use actix_web::get;

    #[get("/office")]
    pub(super) async fn office() -> &'static str {
        "office"
    }
}

#[actix_web::test]
async fn a_policy_of_another_crate_means_what_it_means_there() {
    let issuer = Issuer::hs256();
    let builder = Security::builder().answers_for(module_path!());
    let security = builder.authenticator("jwt", issuer.jwt()).build().unwrap();
    let server = TestServer::start(&security, || {
        secure_runtime::scope("").service(staff).service(strict).service(office::office)
    });
    let token = |name: &str, roles: &[&str]| {
        let token = roles.iter().fold(issuer.token(name), |token, role| token.role(*role));
        bearer(&token.sign())
    };
    let (ann, bob) = (token("ann", &["staff"]), token("bob", &["staff"]));
    for path in ["/staff", "/office"] {
        assert_eq!(server.get(path, &[]).await.status, 401, "{path}");
        assert_eq!(server.get(path, &[&token("ann", &[])]).await.status, 403, "{path}");
        assert_eq!(server.get(path, &[&token("eve", &["staff"])]).await.status, 403, "{path}");
        assert_eq!(server.get(path, &[&ann, "x-closed: 1"]).await.status, 403, "{path}");
        assert_eq!(server.get(path, &[&ann]).await.status, 200, "{path}");
        assert_eq!(server.get(path, &[&bob]).await.status, 200, "{path}");
    }
    assert_eq!(server.get("/staff", &[&ann]).await.body, "ann /staff");
    assert_eq!(server.get("/staff", &[&ann]).await.status, 429);
    assert_eq!(server.get("/strict", &[&token("ann", &["staff", "strict"])]).await.status, 403);
    assert_eq!(server.get("/strict", &[&ann]).await.status, 403);
    let inventory = secure_runtime::inventory();
    let handler = format!("{}::staff", module_path!());
    let row = inventory.rows().iter().find(|row| row.handler == handler).unwrap();
    assert!(row.rule.contains("crate::policies::are_open(request)"), "{}", row.rule);
    assert!(row.layers[0].starts_with("policy staff: roles"), "{:?}", row.layers);
}
