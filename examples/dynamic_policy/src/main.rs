//! Rules that change while the program runs: grants in SQLite, in Casbin or in Cedar decide about the
//! actions of endpoints, and an operator changes them over HTTP.
//!
//! `cargo run -p dynamic_policy` serves with SQLite; with `--features casbin -- casbin` or
//! `--features cedar -- cedar` an engine decides. It prints what each endpoint demands, and tokens to try.

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

/// Anybody who has the grant for this document.
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

/// What changes grants.
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
        // What was decided about this caller is decided anew.
        self.security.decisions().forget_subject(&grant.subject);
        Ok(HttpResponse::NoContent().finish())
    }
}

/// Asks the grants about every action, and remembers their answers for half a minute.
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
    // Stands in for your identity provider.
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
