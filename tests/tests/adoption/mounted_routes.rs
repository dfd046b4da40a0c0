//! The check that every route of an application has a policy, and that every endpoint is mounted.

use std::sync::atomic::{AtomicUsize, Ordering};

use actix_web::body::BoxBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::{self, from_fn};
use actix_web::{App, Error, HttpResponse, get, web};
use secure_runtime::testing::{TestSecurity, assert_all_routes_secured, mounted_routes};
use secure_runtime::{Next, SecuredConfig, resource, route, secure, secured};

static CALLS: AtomicUsize = AtomicUsize::new(0);

#[secure(roles = "staff", rate = "1/h")]
#[get("/orders/{id:[0-9]+}")]
async fn order(_id: web::Path<u32>) -> &'static str {
    CALLS.fetch_add(1, Ordering::Relaxed);
    "order"
}

#[secure(public)]
async fn health() -> &'static str {
    CALLS.fetch_add(1, Ordering::Relaxed);
    "ok"
}

#[secure(roles = "staff")]
async fn gate(next: Next) -> HttpResponse {
    next.run().await
}

#[secure(roles = "staff")]
#[get("/never-mounted")]
async fn never_mounted() -> &'static str {
    "nobody gets here"
}

async fn open() -> HttpResponse {
    HttpResponse::NotFound().finish()
}

fn routes(config: &mut SecuredConfig) {
    let closure = secured(gate, || async {
        CALLS.fetch_add(1, Ordering::Relaxed);
        "closure"
    });
    config
        .service(order)
        .service(resource("/health").get(health).post(health))
        .route("/closure", route::get().to(closure))
        .redirect("/", "/api/health");
    // So many that the scope uses its index.
    for number in 0..40 {
        config.route(&format!("/numbered/{number}"), route::get().to(health));
    }
}

#[actix_web::test]
async fn routes_without_a_policy_are_listed_and_nothing_secured_is_run() {
    let TestSecurity { security, .. } =
        TestSecurity::with(|it| it.answers_for(module_path!())).unwrap();
    let app = App::new()
        .app_data(security)
        .service(secure_runtime::scope("/api").configure(routes))
        .service(web::scope("/old/{tenant}").route("/open", web::post().to(open)))
        .route("/legacy/{tail:.*}", web::to(open))
        .service(web::resource("/mixed").get(health).route(web::delete().to(open)));
    let routes = mounted_routes(app).await;
    assert_eq!(
        routes.unsecured(),
        ["* /legacy/{tail:.*}", "DELETE /mixed", "POST /old/{tenant}/open"]
    );
    assert_eq!(routes.untried().count(), 0);
    assert_eq!(CALLS.load(Ordering::Relaxed), 0);
    let unmounted: Vec<&str> =
        routes.unmounted().filter(|it| it.module() == module_path!()).map(|it| it.name()).collect();
    assert_eq!(unmounted, ["never_mounted"]);

    let found: Vec<String> = routes
        .secured()
        .iter()
        .filter(|route| !route.path().contains("numbered"))
        .map(|it| format!("{} {} {}", it.method(), it.path(), it.endpoint().name()))
        .collect();
    assert_eq!(
        found,
        [
            "GET /api/closure gate",
            "GET /api/health health",
            "POST /api/health health",
            "GET /api/orders/{id:[0-9]+} order",
            "GET /mixed health",
        ]
    );
    let inventory = secure_runtime::inventory().mounted(&routes);
    let row = inventory.rows().iter().find(|row| row.handler.ends_with("mounted_routes::order"));
    assert_eq!(row.unwrap().mounted, ["/api/orders/{id:[0-9]+}"]);
    let table = inventory.to_string();
    assert!(table.contains("/api/orders/{id:[0-9]+}"), "{table}");
}

#[actix_web::test]
async fn an_application_whose_routes_are_all_secured_passes() {
    let app = || App::new().service(secure_runtime::scope("/api").configure(routes));
    assert_all_routes_secured(app(), &[]).await;
    assert_all_routes_secured(app().route("/open", web::get().to(open)), &["GET /open"]).await;
}

#[actix_web::test]
#[should_panic(expected = "GET /open: has no policy")]
async fn a_route_without_a_policy_fails_the_assertion() {
    assert_all_routes_secured(App::new().route("/open", web::get().to(open)), &[]).await;
}

#[actix_web::test]
#[should_panic(expected = "GET /gone: is no exception")]
async fn an_exception_that_is_none_fails_the_assertion() {
    assert_all_routes_secured(App::new().service(order), &["GET /gone"]).await;
}

async fn answer_everything(
    request: ServiceRequest,
    _: middleware::Next<BoxBody>,
) -> Result<ServiceResponse, Error> {
    Ok(request.into_response(HttpResponse::Ok().finish()))
}

#[actix_web::test]
#[should_panic(expected = "/open: could not be tried")]
async fn a_middleware_that_answers_everything_hides_nothing() {
    let answers = from_fn(answer_everything);
    assert_all_routes_secured(App::new().wrap(answers).route("/open", web::get().to(open)), &[])
        .await;
}
