//! Routes in the forms that applications use: resources, route tables, redirects.

use actix_web::middleware::DefaultHeaders;
use actix_web::{App, HttpResponse, get, guard, web};
use secure_runtime::{Principal, SecuredConfig, resource, route, secure};
use secure_tests::{TestServer, bearer};

#[secure(roles = "staff")]
async fn list() -> &'static str {
    "list"
}

#[secure(roles = "admin")]
async fn add(caller: Principal) -> String {
    caller.subject().to_owned()
}

#[secure(roles = "staff")]
async fn special() -> &'static str {
    "special"
}

#[secure(public)]
async fn other_method() -> HttpResponse {
    HttpResponse::Conflict().body("another method")
}

#[secure(roles = "staff")]
#[get("/attribute")]
async fn attribute(data: web::Data<u32>) -> String {
    data.to_string()
}

fn orders(config: &mut SecuredConfig) {
    config
        .service(
            resource("/orders")
                .wrap(DefaultHeaders::new().add(("x-wrapped", "yes")))
                .route(route::get().guard(guard::Header("x-special", "1")).to(special))
                .get(list)
                .post(add),
        )
        .service(resource("other").get(list).default_service(route::any().to(other_method)))
        .route("/routed", route::get().to(list))
        .redirect("/old", "/api/orders")
        .redirect_permanently("/older", "/api/orders");
}

fn everything(config: &mut SecuredConfig) {
    config.configure(orders).service(attribute).app_data(web::Data::new(7_u32));
}

#[actix_web::test]
async fn tables_of_routes_serve_what_they_say_in_a_scope_and_on_the_app() {
    let (builder, issuer, _) = crate::security(module_path!());
    let security = builder.build().unwrap();
    let on_the_app = security.clone();
    let scoped = TestServer::run(move || {
        let scope = secure_runtime::scope("/api").configure(everything);
        App::new().app_data(security.clone()).service(scope)
    });
    let plain = TestServer::run(move || {
        let routes = secure_runtime::configure(everything);
        App::new().app_data(on_the_app.clone()).configure(routes)
    });
    let staff = bearer(&issuer.token("s").role("staff").sign());
    let admin = bearer(&issuer.token("a").role("admin").sign());
    for (server, prefix) in [(&scoped, "/api"), (&plain, "")] {
        let orders = &*format!("{prefix}/orders");
        let answer = server.get(orders, &[&staff]).await;
        assert_eq!((&*answer.body, answer.header("x-wrapped")), ("list", Some("yes")));
        assert_eq!(server.get(orders, &[&staff, "x-special: 1"]).await.body, "special");
        server.get(orders, &[&admin]).await.problem(403);
        server.get(orders, &[]).await.problem(401);
        assert_eq!(server.send("POST", orders, &[&admin], "").await.body, "a");
        server.send("POST", orders, &[&staff], "").await.problem(403);

        let wrong = server.send("DELETE", orders, &[&admin], "").await;
        assert_eq!(wrong.status, 405);
        assert!(wrong.header("allow").is_some_and(|it| it.contains("POST")), "{wrong:?}");
        let routed = server.send("DELETE", &format!("{prefix}/routed"), &[&admin], "").await;
        assert_eq!(routed.status, 404);
        let other = server.send("DELETE", &format!("{prefix}/other"), &[], "").await;
        assert_eq!((other.status, &*other.body), (409, "another method"));

        assert_eq!(server.get(&format!("{prefix}/attribute"), &[&staff]).await.body, "7");
        server.get(&format!("{prefix}/attribute"), &[]).await.problem(401);
        for (path, status) in [("old", 307), ("older", 308)] {
            let answer = server.send("POST", &format!("{prefix}/{path}"), &[], "").await;
            assert_eq!((answer.status, answer.header("location")), (status, Some("/api/orders")));
        }
    }
}
