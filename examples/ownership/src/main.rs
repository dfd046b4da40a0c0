//! Attribute-based access control: rules about tenants, owners, networks and office hours, written as Rust
//! expressions that the compiler checks. Rules that use no argument of the handler are checked before the
//! body is read.
//!
//! Run `cargo run -p ownership`; it prints the inventory (the rules of each endpoint) and Ada's token.
//! Requests to try:
//!
//! - `curl -H 'Authorization: Bearer TOKEN' http://127.0.0.1:8080/api/tenants/acme/invoices`: 200;
//! - the same with `tenants/initech`: 403, Ada's token has another tenant;
//! - `curl http://127.0.0.1:8080/api/metrics`: 200 from the local machine.

use std::{env, io};

use actix_web::dev::HttpServiceFactory;
use actix_web::{App, HttpServer, get, post, web};
use secure_runtime::testing::Issuer;
use secure_runtime::{Denial, DenialKind, Principal, Security, scope, secure};
use serde::Deserialize;
use validator::Validate;

#[derive(Deserialize, Validate)]
struct Transfer {
    from: String,
    #[validate(range(min = 1, max = 1_000_000))]
    cents: u64,
}

/// For members of the tenant in the path, and for support.
#[secure(allow = role("support") || caller.tenant() == Some(tenant.as_str()), rate = "100/h")]
#[get("/tenants/{tenant}/invoices")]
async fn invoices(tenant: web::Path<String>) -> String {
    format!("the invoices of {tenant}")
}

/// From the caller's own account; 100,000 cents or more only during office hours.
#[secure(
    allow = transfer.from == caller.subject()
        && (transfer.cents < 100_000 || time in "Mon-Fri 09:00-17:00 Europe/Berlin"),
    validate(transfer),
    rate = "100/h"
)]
#[post("/transfers")]
async fn transfer(transfer: web::Json<Transfer>) -> String {
    format!("{} cents", transfer.cents)
}

/// Without authentication, but only from these networks.
#[secure(public, allow = address in ["127.0.0.0/8", "::1"], rate("10/s", by = address))]
#[get("/metrics")]
async fn metrics() -> &'static str {
    "all is well"
}

/// With a function as the rule. Each of its parameters is matched by type to the caller or to an argument of
/// the handler.
#[secure(roles = "clerk", check = works_for, rate = "100/h")]
#[get("/departments/{department}/payroll")]
async fn payroll(department: web::Path<String>) -> String {
    format!("the payroll of {department}")
}

async fn works_for(clerk: &Principal, department: &web::Path<String>) -> Result<(), Denial> {
    #[derive(Deserialize)]
    struct Claims {
        department: String,
    }
    match clerk.claims::<Claims>() {
        Ok(claims) if claims.department == **department => Ok(()),
        _ => Err(Denial::new(DenialKind::Forbidden, "a clerk of another department")),
    }
}

fn api() -> impl HttpServiceFactory {
    scope("/api").service(invoices).service(transfer).service(metrics).service(payroll)
}

#[actix_web::main]
async fn main() -> io::Result<()> {
    // For development only; in production `Jwt::rs256(public_key)` with your provider's key.
    let issuer = Issuer::hs256();
    let security =
        Security::builder().authenticator("jwt", issuer.jwt()).build().map_err(io::Error::other)?;
    println!("{}", security.inventory());
    println!("Ada's token: {}", issuer.token("ada").claim("tenant", "acme").sign());
    let address = env::var("ADDR").unwrap_or_else(|_| String::from("127.0.0.1:8080"));
    HttpServer::new(move || App::new().app_data(security.clone()).service(api()))
        .bind(address)?
        .run()
        .await
}

#[cfg(test)]
mod tests;
