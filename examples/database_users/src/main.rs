//! Roles, permissions, tiers and tenants from the application's database.
//!
//! The tokens contain only the user's id (`sub`). After a token is verified, `enrich_cached` loads the
//! user's row and adds its roles, permissions, tier and tenant. The result is cached for a minute, or
//! until an administrator changes the user's role.
//!
//! Run `cargo run -p database_users`; it prints tokens for Ada, Bob and Eve. Requests to try:
//!
//! - `curl -H 'Authorization: Bearer BOB' http://127.0.0.1:8080/invoices`: 403, Bob is a guest;
//! - `curl -X PUT -H 'Authorization: Bearer ADA' http://127.0.0.1:8080/users/bob/role/clerk`: 200;
//! - the first request again: 200.

mod tables;

use std::time::Duration;
use std::{env, io};

use actix_web::{App, HttpServer, Responder, get, put, web};
use secure_runtime::authentication::{Enrich, EnrichmentCache, Refusal};
use secure_runtime::testing::Issuer;
use secure_runtime::{
    Caller, Clock, Denial, DenialKind, LaunchError, Security, SystemClock, secure,
};

use tables::{Tables, User};

/// Returns the caller's user row, which `Caller<User>` takes from the principal.
#[secure]
#[get("/me")]
async fn me(user: Caller<User>) -> impl Responder {
    format!("{} of {}", user.name, user.tenant)
}

/// The permission, the tenant and the tier all come from the database.
#[secure(
    permissions = "invoices:read",
    rate(by = tenant, tier(free = "2/min", pro = "100/min"))
)]
#[get("/invoices")]
async fn invoices(user: Caller<User>, tables: web::Data<Tables>) -> web::Json<Vec<String>> {
    web::Json(tables.invoices(&user.tenant))
}

/// An administrator changes the role of a user of the same tenant. The rule uses the caller's row, and is
/// checked before the handler runs.
#[secure(
    roles = "admin",
    allow = tables.tenant_of(&change.0).as_ref() == Some(&user.tenant),
    rate = "10/min"
)]
#[put("/users/{user}/role/{role}")]
async fn set_role(
    change: web::Path<(String, String)>,
    user: Caller<User>,
    tables: web::Data<Tables>,
    cache: web::Data<EnrichmentCache>,
) -> Result<String, Denial> {
    let (name, role) = change.into_inner();
    if !tables.set_role(&name, &role) {
        return Err(Denial::new(DenialKind::NotFound, "no such role"));
    }
    // Removes the cached entry, so the user's next request loads the row again.
    cache.forget_subject(&name);
    Ok(format!("{} made {name} {role}", user.name))
}

/// Adds the data of the tables to each verified token.
fn security(
    tables: &Tables,
    issuer: &Issuer,
    cache: &EnrichmentCache,
    clock: impl Clock,
) -> Result<Security, LaunchError> {
    let tables = tables.clone();
    let users = issuer.jwt().enrich_cached(cache.clone(), move |principal| {
        let tables = tables.clone();
        async move {
            let found = tables.load(principal.subject()).await;
            let found = found.map_err(|error| Refusal::unavailable(error.to_string()))?;
            let Some((user, roles)) = found else {
                return Err(Refusal::invalid_token("the user is not in the tables"));
            };
            if user.is_locked {
                return Err(Refusal::forbidden("the user is locked").with_detail("locked"));
            }
            let principal = principal.to_builder().tenant(&*user.tenant).tier(&*user.tier);
            let principal = principal.permissions(roles.permissions).roles(roles.roles);
            Ok(principal.extension(user).build())
        }
    });
    Security::builder().clock(clock).authenticator("jwt", users).build()
}

#[actix_web::main]
async fn main() -> io::Result<()> {
    // For development only; in production `Jwt::discover(…)` with your provider.
    let issuer = Issuer::hs256();
    let tables = Tables::with_samples();
    let cache = EnrichmentCache::new(Duration::from_secs(60));
    let security =
        security(&tables, &issuer, &cache, SystemClock::new()).map_err(io::Error::other)?;
    let address = env::var("ADDR").unwrap_or_else(|_| String::from("127.0.0.1:8080"));
    println!("{}", security.inventory());
    for name in ["ada", "bob", "eve"] {
        println!("{name}: {}", issuer.token(name).sign());
    }
    println!("curl -H 'Authorization: Bearer TOKEN' http://{address}/invoices");
    HttpServer::new(move || {
        App::new()
            .app_data(security.clone())
            .app_data(web::Data::new(tables.clone()))
            .app_data(web::Data::new(cache.clone()))
            .service(secure_runtime::scope("").service(me).service(invoices).service(set_role))
    })
    .bind(address)?
    .run()
    .await
}

#[cfg(test)]
mod tests {
    use secure_runtime::testing::FakeClock;
    use secure_tests::{TestServer, bearer};

    use super::*;

    #[actix_web::test]
    async fn the_tables_decide_and_a_change_counts_at_once() {
        let clock = FakeClock::new();
        let issuer = Issuer::hs256().clock(clock.clone());
        let (tables, cache) =
            (Tables::with_samples(), EnrichmentCache::new(Duration::from_secs(60)));
        let security = security(&tables, &issuer, &cache, clock.clone()).unwrap();
        let shared = (web::Data::new(tables.clone()), web::Data::new(cache));
        let server = TestServer::start(&security, move || {
            secure_runtime::scope("")
                .app_data(shared.0.clone())
                .app_data(shared.1.clone())
                .service(me)
                .service(invoices)
                .service(set_role)
        });
        let token = |name: &str| bearer(&issuer.token(name).sign());
        let (ada, bob, eve) = (token("ada"), token("bob"), token("eve"));
        let get = async |path: &str, who: &str| server.get(path, &[who]).await;
        let put = async |path: &str, who: &str| server.send("PUT", path, &[who], "").await;

        assert_eq!(get("/me", &ada).await.body, "Ada of acme");
        get("/me", &token("mallory")).await.problem(401);
        let locked = get("/me", &token("locked")).await.problem(403);
        assert_eq!(locked["detail"], "locked");

        // Bob is a guest until Ada makes him a clerk.
        get("/invoices", &bob).await.problem(403);
        put("/users/bob/role/clerk", &bob).await.problem(403);
        put("/users/bob/role/emperor", &ada).await.problem(404);
        assert_eq!(put("/users/bob/role/clerk", &ada).await.body, "Ada made bob clerk");
        assert_eq!(get("/invoices", &bob).await.body, r#"["acme 1","acme 2"]"#);
        // Eve belongs to another tenant, whose tier is `free`.
        put("/users/eve/role/clerk", &ada).await.problem(403);
        for _ in 0..2 {
            assert_eq!(get("/invoices", &eve).await.body, r#"["solo 1"]"#);
        }
        get("/invoices", &eve).await.problem(429);

        // The row is loaded once a minute, not for each request.
        let before = tables.loads();
        for _ in 0..5 {
            assert_eq!(get("/me", &ada).await.status, 200);
        }
        assert_eq!(tables.loads(), before);
        clock.advance(Duration::from_secs(60));
        assert_eq!(get("/me", &ada).await.status, 200);
        assert_eq!(tables.loads(), before + 1);
    }
}
