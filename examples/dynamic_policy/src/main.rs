//! Permissions that change while the program runs: each endpoint names an action, and grants in SQLite,
//! Casbin or Cedar decide whether the caller may perform it. An operator changes the grants over HTTP.
//!
//! Run `cargo run -p dynamic_policy` for SQLite, `cargo run -p dynamic_policy --features casbin -- casbin`
//! for Casbin, or `cargo run -p dynamic_policy --features cedar -- cedar` for Cedar. It prints the
//! inventory (the rules of each endpoint) and two tokens. Requests to try:
//!
//! - `curl -H 'Authorization: Bearer ADA' http://127.0.0.1:8080/api/documents/7`: 403;
//! - `curl -X PUT -H 'Authorization: Bearer OPERATOR' http://127.0.0.1:8080/api/grants/ada/documents:read/7`:
//!   204;
//! - the first request again: 200.

#[cfg(feature = "casbin")]
mod casbin;
#[cfg(feature = "cedar")]
mod cedar;
mod grants;
mod sqlite;
#[cfg(test)]
mod tests;

use std::env;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::HttpServiceFactory;
use actix_web::error::ErrorServiceUnavailable;
use actix_web::{App, Error, HttpResponse, HttpServer, delete, get, put, web};
use secure_runtime::authorization::AccessRequest;
use secure_runtime::testing::Issuer;
use secure_runtime::{Security, SecurityBuilder, scope, secure};

use grants::{Failure, Grant, Grants};
use sqlite::SqliteGrants;

/// For callers with a grant of `documents:read` for this document.
#[secure(action = "documents:read", rate = "100/min")]
#[get("/documents/{document}")]
async fn read(document: web::Path<String>) -> String {
    format!("the document {document}")
}

#[secure(action = "documents:write", rate = "100/min")]
#[put("/documents/{document}")]
async fn write(document: web::Path<String>) -> String {
    format!("wrote the document {document}")
}

/// `PUT /api/grants/ada/documents:read/7`
#[secure(
    roles = "operator",
    rate = "100/min",
    objects(any, reason = "operators decide who may do what")
)]
#[put("/grants/{subject}/{action}/{document}")]
async fn give(
    path: web::Path<[String; 3]>,
    program: web::Data<Program>,
) -> Result<HttpResponse, Error> {
    program.change(path.into_inner(), true).await
}

#[secure(
    roles = "operator",
    rate = "100/min",
    objects(any, reason = "operators decide who may do what")
)]
#[delete("/grants/{subject}/{action}/{document}")]
async fn withdraw(
    path: web::Path<[String; 3]>,
    program: web::Data<Program>,
) -> Result<HttpResponse, Error> {
    program.change(path.into_inner(), false).await
}

/// The state of the handlers that change grants.
struct Program {
    grants: Arc<dyn Grants>,
    security: Security,
}

impl Program {
    async fn change(
        &self,
        [subject, action, document]: [String; 3],
        is_granted: bool,
    ) -> Result<HttpResponse, Error> {
        let grant = Grant { subject, action, document };
        self.grants.change(&grant, is_granted).await.map_err(ErrorServiceUnavailable)?;
        // Removes the cached decisions about this caller; otherwise the change would take effect after up
        // to 30 seconds.
        self.security.decisions().forget_subject(&grant.subject);
        Ok(HttpResponse::NoContent().finish())
    }
}

/// Decides each action by the grants, and caches the decisions for 30 seconds.
fn deciding(builder: SecurityBuilder, grants: Arc<dyn Grants>) -> SecurityBuilder {
    builder
        .decide(async move |asked: &AccessRequest| match Grant::of(asked) {
            Some(asked) => grants.permits(&asked).await,
            None => Ok(false),
        })
        .decide_cached(Duration::from_secs(30), 10_000)
}

fn api() -> impl HttpServiceFactory {
    scope("/api").service(read).service(write).service(give).service(withdraw)
}

async fn engine(name: Option<&str>) -> Result<Arc<dyn Grants>, Failure> {
    Ok(match name {
        None | Some("sqlite") => Arc::new(SqliteGrants::open(":memory:")?),
        #[cfg(feature = "casbin")]
        Some("casbin") => Arc::new(casbin::CasbinGrants::new().await?),
        #[cfg(feature = "cedar")]
        Some("cedar") => Arc::new(cedar::CedarGrants::new()?),
        Some(other) => return Err(format!("`{other}` is not compiled: see `--features`").into()),
    })
}

#[actix_web::main]
async fn main() -> Result<(), Failure> {
    tracing_subscriber::fmt().init();
    let grants = engine(env::args().nth(1).as_deref()).await?;
    // For development only; in production `Jwt::discover(…)` with your provider.
    let issuer = Issuer::hs256();
    let builder =
        Security::builder().authenticator("jwt", issuer.jwt().dangerously_accept_test_keys());
    let security = deciding(builder, Arc::clone(&grants)).build()?;
    println!("{}", security.inventory());
    println!("ada: {}", issuer.token("ada").sign());
    println!("operator: {}", issuer.token("olga").role("operator").sign());
    let program = web::Data::new(Program { grants, security: security.clone() });
    let app =
        move || App::new().app_data(security.clone()).app_data(program.clone()).service(api());
    Ok(HttpServer::new(app).bind(("127.0.0.1", 8080))?.run().await?)
}
