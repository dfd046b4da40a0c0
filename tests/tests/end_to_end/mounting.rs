//! All ways to mount a secured handler, and the refusal if the `Security` is missing or another one.

use actix_web::middleware::DefaultHeaders;
use actix_web::{App, HttpResponse, get, guard, web};
use secure_runtime::{Principal, Security, route, secure};
use secure_tests::{TestServer, bearer};

#[secure(roles = "admin")]
async fn bare(id: web::Path<u32>) -> String {
    id.to_string()
}

#[secure(public)]
async fn nothing_here() -> HttpResponse {
    HttpResponse::NotFound().body("secured default")
}

#[get("/below/{id}")]
#[secure(roles = "admin")]
async fn below(id: web::Path<u32>) -> String {
    id.to_string()
}

#[secure(roles = "admin")]
#[actix_web::get("/full-path/{id}")]
async fn full_path(id: web::Path<u32>) -> String {
    id.to_string()
}

#[secure(roles = "admin")]
#[actix_web::route("/several/{id}", method = "GET", method = "POST")]
async fn several(id: web::Path<u32>) -> String {
    id.to_string()
}

#[get("/unsecured")]
async fn unsecured(caller: Principal) -> String {
    caller.subject().to_owned()
}

mod elsewhere {
    use super::*;

    #[secure(public)]
    #[get("/elsewhere")]
    pub(super) async fn elsewhere() -> &'static str {
        "elsewhere"
    }
}

#[actix_web::test]
async fn every_way_of_mounting_enforces_the_same() {
    let (builder, issuer, _) = crate::security(module_path!());
    let security = builder.build().unwrap();
    let server = TestServer::run(move || {
        App::new()
            .app_data(security.clone())
            .service(below)
            .route("/plain/{id}", web::get().to(bare))
            .service(
                secure_runtime::scope("/api")
                    .wrap(DefaultHeaders::new().add(("x-wrapped", "yes")))
                    .guard(guard::fn_guard(|request| request.head().uri.path() != "/api/hidden"))
                    .route("/bare/{id}", route::get().to(bare))
                    .service(secure_runtime::scope("/inner").service(full_path))
                    .service(several)
                    .default_service(route::any().to(nothing_here)),
            )
    });
    let admin = bearer(&issuer.token("a").role("admin").sign());
    let guest = bearer(&issuer.token("a").sign());
    for path in ["/below/7", "/plain/7", "/api/bare/7", "/api/inner/full-path/7", "/api/several/7"]
    {
        assert_eq!(server.get(path, &[&admin]).await.body, "7", "{path}");
        server.get(path, &[&guest]).await.problem(403);
        server.get(path, &[]).await.problem(401);
    }
    assert_eq!(server.get("/api/bare/7", &[&admin]).await.header("x-wrapped"), Some("yes"));
    assert_eq!(server.get("/api/nowhere", &[]).await.body, "secured default");
    assert_eq!(server.get("/api/hidden", &[]).await.body, "");
}

mod split {
    use secure_runtime::SecuredConfig;

    use super::*;

    pub(super) fn routes(config: &mut SecuredConfig) {
        config.service(several).route("/bare/{id}", route::get().to(bare));
    }

    pub(super) fn more_routes(config: &mut SecuredConfig) {
        config.service(full_path);
    }
}

#[actix_web::test]
async fn a_scope_is_split_among_modules() {
    let (builder, issuer, _) = crate::security(module_path!());
    let security = builder.build().unwrap();
    let server = TestServer::run(move || {
        App::new().app_data(security.clone()).service(
            secure_runtime::scope("/api")
                .configure(split::routes)
                .wrap(DefaultHeaders::new().add(("x-wrapped", "yes")))
                .configure(split::more_routes),
        )
    });
    let admin = bearer(&issuer.token("a").role("admin").sign());
    for path in ["/api/several/7", "/api/bare/7", "/api/full-path/7"] {
        let answer = server.get(path, &[&admin]).await;
        assert_eq!((&*answer.body, answer.header("x-wrapped")), ("7", Some("yes")), "{path}");
        server.get(path, &[]).await.problem(401);
    }
}

#[actix_web::test]
async fn without_a_security_or_under_the_wrong_one_everything_is_refused() {
    let none = TestServer::run(|| App::new().service(elsewhere::elsewhere).service(unsecured));
    let answer = none.get("/elsewhere", &[]).await;
    assert_eq!(answer.problem(500).get("detail"), None);
    none.get("/unsecured", &[]).await.problem(500);

    let (builder, _, _) = crate::security(concat!(module_path!(), "::elsewhere"));
    let right = builder.build().unwrap();
    let server = TestServer::run(move || {
        App::new()
            .app_data(right.clone())
            .service(elsewhere::elsewhere)
            .route("/bare/{id}", web::get().to(bare))
    });
    assert_eq!(server.get("/elsewhere", &[]).await.body, "elsewhere");
    server.get("/bare/7", &[]).await.problem(500);
}

#[actix_web::test]
async fn the_nearest_security_wins() {
    let (outer, _, _) = crate::security(module_path!());
    let outer = outer.build().unwrap();
    let issuer = secure_runtime::testing::Issuer::rs256();
    let inner = Security::builder()
        .answers_for(module_path!())
        .authenticator("jwt", issuer.jwt())
        .build()
        .unwrap();
    let server = TestServer::run(move || {
        App::new().app_data(outer.clone()).service(
            secure_runtime::scope("").app_data(inner.clone()).route("/{id}", route::get().to(bare)),
        )
    });
    let admin = bearer(&issuer.token("a").role("admin").sign());
    assert_eq!(server.get("/7", &[&admin]).await.body, "7");
}
