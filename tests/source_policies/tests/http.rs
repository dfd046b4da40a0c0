//! Policies of source files over real HTTP.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use secure_runtime::testing::Issuer;
use secure_runtime::{route, Security};
use secure_tests::{bearer, TestServer};
use source_policy_tests::{admin, shop};

fn world() -> (TestServer, Issuer) {
    let issuer = Issuer::hs256();
    let security = Security::builder().authenticator("jwt", issuer.jwt()).build().unwrap();
    let server = TestServer::start(&security, || {
        secure_runtime::scope("")
            .service(admin::home)
            .service(admin::payments::pay)
            .service(admin::payments::payment)
            .service(admin::reports::yearly::list)
            .service(admin::reports::yearly::make)
            .service(shop::shop)
            .service(shop::basket)
            .service(shop::offers)
            .route("/desk", route::get().to(admin::inner::desk))
    });
    (server, issuer)
}

#[actix_rt::test]
async fn a_file_has_the_policies_of_the_patterns_that_match_it() {
    let (server, issuer) = world();
    let guest = bearer(&issuer.token("gus").sign());
    let staff = bearer(&issuer.token("sam").role("staff").sign());
    let admin = bearer(&issuer.token("ada").role("staff").role("admin").sign());
    // Path, and the statuses of an anonymous request, a guest, the staff and an admin.
    for (path, expected) in [
        ("/admin", [401, 403, 200, 200]),
        ("/admin/reports", [401, 403, 200, 200]),
        ("/admin/payments/7", [401, 403, 403, 200]),
        ("/desk", [401, 403, 403, 200]),
        ("/shop", [200, 200, 200, 200]),
        ("/basket", [401, 200, 200, 200]),
        ("/offers", [401, 200, 200, 200]),
    ] {
        let nobody = server.get(path, &[]).await.status;
        let [guest, staff, admin] = [&guest, &staff, &admin].map(|caller| [caller.as_str()]);
        let found = [
            nobody,
            server.get(path, &guest).await.status,
            server.get(path, &staff).await.status,
            server.get(path, &admin).await.status,
        ];
        assert_eq!(found, expected, "{path}");
    }
}

#[actix_rt::test]
async fn every_layer_counts() {
    let (server, issuer) = world();
    let admin = bearer(&issuer.token("ada").role("staff").role("admin").sign());
    // An expression in a pattern's policy.
    assert_eq!(server.get("/admin", &[&admin, "x-closed: 1"]).await.status, 403);
    assert_eq!(server.get("/basket", &[&admin, "x-closed: 1"]).await.status, 200);
    // The body size and the rate limit of a named policy.
    let ada = [admin.as_str()];
    let pay = |body: &'static str| server.send("POST", "/admin/payments", &ada, body);
    assert_eq!(pay("more than sixteen bytes").await.status, 413);
    assert_eq!(pay("7").await.status, 200);
    assert_eq!(pay("7").await.status, 429);
    // Two patterns and a module.
    let long = "x".repeat(1025);
    assert_eq!(server.send("POST", "/admin/reports", &[&admin], &long).await.status, 413);
    assert_eq!(server.send("POST", "/admin/reports", &[&admin], "x").await.status, 200);
}

#[actix_rt::test]
async fn the_function_is_called_without_all_of_them() {
    assert_eq!(admin::payments::pay::without_policy(String::from("a")).await, "a");
}

#[test]
fn the_inventory_says_where_each_part_comes_from() {
    let inventory = secure_runtime::inventory();
    let layers = |name: &str| {
        let row = inventory.rows().iter().find(|row| row.handler.ends_with(name)).unwrap();
        row.layers.to_vec()
    };
    let program = "secure.toml **: rate = api";
    let folder =
        r#"secure.toml src/admin/**: roles = "staff", allow = crate::hours::are_open(request)"#;
    assert_eq!(
        layers("::pay"),
        [
            program,
            folder,
            r#"secure.toml src/admin/payments.rs: use = crate::policies::careful, roles = "admin""#,
            r#"policy careful: rate("2/min", by = principal), max_body = "16B""#,
            r#"attribute: unvalidated(body, reason = "a test"), callable"#,
        ]
    );
    assert_eq!(
        layers("::list"),
        [
            program,
            folder,
            r#"secure.toml src/*/reports.rs: max_body = "1KiB""#,
            r#"module yearly: rate = "5/min""#,
            "attribute",
        ]
    );
    assert_eq!(layers("::shop"), [program, "attribute: public"]);
    let table = inventory.to_string();
    assert!(table.contains("\n  secure.toml src/admin/**: roles"), "{table}");
    assert!(inventory.to_json().contains("policy careful"));
}
