//! Handlers in scopes of `utoipa-actix-web`, which collects mounted handlers for the OpenAPI description.

use actix_web::{App, get, post, web};
use secure_runtime::{secure, testing};
use secure_tests::{TestServer, bearer};
use utoipa_actix_web::AppExt;

#[utoipa::path(responses((status = 200, body = str)))]
#[secure(roles = "staff")]
#[get("/orders")]
async fn orders() -> &'static str {
    "[]"
}

#[utoipa::path(params(("id" = u32, Path)), responses((status = 200, body = str)))]
#[secure(roles = "staff", objects = any, rate = "10/min")]
#[post("/orders/{id}")]
async fn change(id: web::Path<u32>) -> String {
    id.to_string()
}

#[utoipa::path(responses((status = 200, body = str)))]
#[get("/forgotten")]
async fn forgotten() -> &'static str {
    "open to everybody"
}

fn api(config: &mut utoipa_actix_web::service_config::ServiceConfig) {
    config.service(orders).service(change);
}

#[actix_web::test]
async fn the_policy_holds_and_the_interface_is_described() {
    let (builder, issuer, _) = crate::security(module_path!());
    let security = builder.build().unwrap();
    let shared = security.clone();
    let server = TestServer::run(move || {
        let scope = utoipa_actix_web::scope("/api").configure(api);
        App::new().app_data(shared.clone()).into_utoipa_app().service(scope).into_app()
    });
    let staff = bearer(&issuer.token("ada").role("staff").sign());
    server.get("/api/orders", &[]).await.problem(401);
    assert_eq!(server.get("/api/orders", &[&staff]).await.body, "[]");
    server.send("POST", "/api/orders/7", &[], "").await.problem(401);
    assert_eq!(server.send("POST", "/api/orders/7", &[&staff], "").await.body, "7");

    let scope = utoipa_actix_web::scope("/api").configure(api);
    let (app, described) =
        App::new().app_data(security.clone()).into_utoipa_app().service(scope).split_for_parts();
    let paths: Vec<&String> = described.paths.paths.keys().collect();
    assert_eq!(paths, ["/api/orders", "/api/orders/{id}"]);
    testing::assert_all_routes_secured(app, &[]).await;
}

#[actix_web::test]
async fn a_handler_without_a_policy_is_found() {
    let scope = utoipa_actix_web::scope("/api").service(orders).service(forgotten);
    let (app, _) = App::new().into_utoipa_app().service(scope).split_for_parts();
    let routes = testing::mounted_routes(app).await;
    assert_eq!(routes.unsecured(), ["GET /api/forgotten"]);
}
