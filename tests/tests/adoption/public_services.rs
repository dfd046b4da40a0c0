//! Services of other crates that register routes of their own, in a secured scope.

use actix_web::dev::{AppService, HttpServiceFactory};
use actix_web::{App, web};
use secure_runtime::{public_service, route, secure, testing};
use secure_tests::{TestServer, bearer};

/// Like a Swagger UI: several resources, and a scope.
struct Documentation(&'static str);

impl HttpServiceFactory for Documentation {
    fn register(self, config: &mut AppService) {
        let Self(path) = self;
        web::resource(format!("{path}/openapi.json")).to(|| async { "{}" }).register(config);
        web::scope(path).route("/index.html", web::get().to(|| async { "docs" })).register(config);
    }
}

#[secure(roles = "staff")]
async fn orders() -> &'static str {
    "[]"
}

/// Has the same name as the static inside the macro, and must not conflict with it.
const SERVICE: &str = "/docs";

fn app() -> secure_runtime::Scope<
    impl secure_runtime::ScopeFactory<Response = actix_web::dev::ServiceResponse>,
> {
    let mut scope = secure_runtime::scope("/api")
        .service(public_service!("the interface is documented in public", Documentation(SERVICE)));
    for number in 0..20 {
        scope = scope.route(&format!("/orders/{number}"), route::get().to(orders));
    }
    scope
}

#[actix_web::test]
async fn it_answers_everybody_and_nothing_beside_it_does() {
    let (builder, issuer, _) = crate::security(module_path!());
    let security = builder.build().unwrap();
    let server = TestServer::run(move || App::new().app_data(security.clone()).service(app()));
    assert_eq!(server.get("/api/docs/openapi.json", &[]).await.body, "{}");
    assert_eq!(server.get("/api/docs/index.html", &[]).await.body, "docs");
    assert_eq!(server.get("/api/docs/other", &[]).await.status, 404);
    server.get("/api/orders/19", &[]).await.problem(401);
    let staff = bearer(&issuer.token("ada").role("staff").sign());
    assert_eq!(server.get("/api/orders/19", &[&staff]).await.body, "[]");
}

#[actix_web::test]
async fn the_inventory_lists_it_with_the_reason() {
    let (builder, ..) = crate::security(module_path!());
    let security = builder.build().unwrap();
    let inventory = security.inventory();
    let row = inventory.rows().iter().find(|row| row.handler.contains("Documentation")).unwrap();
    assert_eq!(row.access, "public");
    assert_eq!(row.exceptions, ["public: the interface is documented in public"]);
    assert!(row.file.ends_with("public_services.rs"), "{row:?}");
    let table = inventory.to_string();
    assert!(table.contains("public: the interface is documented in public"), "{table}");
    let routes = testing::mounted_routes(App::new().app_data(security).service(app())).await;
    assert_eq!(routes.unsecured(), ["GET /api/docs/index.html", "* /api/docs/openapi.json"]);
}
