//! Mistakes of developers: wherever the attribute compiles, its policy is enforced.

use actix_web::{App, FromRequest, HttpResponse, get, web};
use secure_runtime::{Principal, route, secure, secure as protect};
use secure_tests::{TestServer, bearer};
use serde::Deserialize;
use validator::Validate;

macro_rules! endpoint {
    ($name:ident, $path:literal, $role:literal, $($returns:tt)*) => {
        #[secure(roles = $role)]
        #[get($path)]
        async fn $name() $($returns)* {
            $path
        }
    };
}

endpoint!(generated, "/generated", "admin", -> &'static str);

#[cfg_attr(all(), secure(roles = "admin"))]
#[cfg_attr(all(), get("/conditional"))]
async fn conditional() -> &'static str {
    "conditional"
}

#[protect(roles = "admin")]
#[get("/renamed")]
async fn renamed() -> &'static str {
    "renamed"
}

/// Handlers with the same name in two modules have two policies.
mod one {
    use super::*;

    #[secure(roles = "admin")]
    #[get("/one")]
    pub(super) async fn handler() -> &'static str {
        "one"
    }
}

mod two {
    use super::*;

    #[secure(roles = "owner")]
    #[get("/two")]
    pub(super) async fn handler() -> &'static str {
        "two"
    }
}

struct Api;

impl Api {
    #[secure(roles = "admin")]
    async fn associated() -> &'static str {
        "associated"
    }
}

/// A generic handler mounted with several types has one policy and one count.
#[secure(roles = "admin", rate = "4/h")]
async fn generic<T: FromRequest + 'static>(_argument: T) -> &'static str {
    "generic"
}

#[derive(Deserialize, Validate)]
struct Page {
    #[validate(range(min = 1))]
    number: u32,
}

type Aliased = web::Query<Page>;

#[secure(roles = "admin", validate(page))]
#[get("/aliased")]
async fn aliased(page: Aliased) -> String {
    page.number.to_string()
}

/// The parameter has the name of the handler, which is also a keyword.
#[secure(roles = "admin", validate(r#type))]
#[get("/named")]
async fn named(r#type: web::Query<Page>, named: Principal) -> String {
    format!("{} {}", named.subject(), r#type.number)
}

fn inside_a_function() -> impl actix_web::dev::HttpServiceFactory {
    #[secure(roles = "admin")]
    #[get("/inside")]
    async fn inside() -> &'static str {
        "inside"
    }
    secure_runtime::scope("").service(inside)
}

#[actix_web::test]
async fn wherever_it_stands_the_role_is_demanded() {
    let (builder, issuer, _) = crate::security(module_path!());
    let security = builder.build().unwrap();
    let server = TestServer::run(move || {
        App::new()
            .app_data(security.clone())
            .route("/plain", web::get().to(Api::associated))
            .service(generated)
            .service(conditional)
            .service(renamed)
            .service(aliased)
            .service(named)
            .service(one::handler)
            .service(two::handler)
            .service(
                secure_runtime::scope("/scope")
                    .route("/associated", route::get().to(Api::associated))
                    .route("/query", route::get().to(generic::<web::Query<Page>>))
                    .route("/request", route::get().to(generic::<Principal>)),
            )
            .service(inside_a_function())
    });
    let admin = bearer(&issuer.token("ada").role("admin").sign());
    let guest = bearer(&issuer.token("ada").role("guest").sign());
    for path in [
        "/plain",
        "/generated",
        "/conditional",
        "/renamed",
        "/aliased?number=1",
        "/named?number=1",
        "/one",
        "/scope/associated",
        "/scope/query?number=1",
        "/scope/request",
        "/inside",
    ] {
        assert_eq!(server.get(path, &[&admin]).await.status, 200, "{path}");
        server.get(path, &[&guest]).await.problem(403);
        server.get(path, &[]).await.problem(401);
    }
    server.get("/two", &[&admin]).await.problem(403);
    let owner = bearer(&issuer.token("ada").role("owner").sign());
    assert_eq!(server.get("/two", &[&owner]).await.body, "two");
    server.get("/one", &[&owner]).await.problem(403);

    server.get("/aliased?number=0", &[&admin]).await.problem(422);
    server.get("/named?number=0", &[&admin]).await.problem(422);
    // Two of four permits were taken above, one by each type.
    assert_eq!(server.get("/scope/query?number=1", &[&admin]).await.status, 200);
    assert_eq!(server.get("/scope/request", &[&admin]).await.status, 200);
    server.get("/scope/request", &[&admin]).await.problem(429);
}

#[get("/listed/unsecured")]
async fn unsecured() -> HttpResponse {
    HttpResponse::Ok().finish()
}

#[actix_web::test]
async fn the_inventory_tells_handlers_of_one_name_apart_and_lists_secured_ones_only() {
    let handlers: Vec<String> =
        secure_runtime::inventory().rows().iter().map(|row| row.handler.clone()).collect();
    let count = |name: &str| {
        let full = format!("{}::{name}", module_path!());
        handlers.iter().filter(|handler| **handler == full).count()
    };
    for name in
        ["one::handler", "two::handler", "generated", "conditional", "associated", "generic"]
    {
        assert_eq!(count(name), 1, "{name}");
    }
    assert_eq!(count("unsecured"), 0);
    let _ = unsecured;
}
