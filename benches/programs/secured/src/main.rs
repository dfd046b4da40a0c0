//! Five handlers with `#[secure]`: a token, roles, rate limits and validation.

use std::io;

use actix_web::{App, HttpResponse, HttpServer, delete, get, post, web};
use secure_runtime::authentication::Jwt;
use secure_runtime::{Security, scope, secure};
use serde::{Deserialize, Serialize};
use validator::Validate;

#[derive(Serialize, Deserialize, Validate)]
struct Note {
    #[validate(length(min = 1, max = 280))]
    text: String,
}

#[derive(Deserialize, Validate)]
struct Page {
    #[validate(range(min = 1, max = 100))]
    take: Option<usize>,
}

/// The benchmark sets the variable to change one handler.
#[secure(public)]
#[get("/health")]
async fn health() -> &'static str {
    option_env!("COMPILE_COST_CHANGE").unwrap_or("ok")
}

#[secure(roles = "reader", rate = "100/h", validate(page))]
#[get("/notes")]
async fn list(page: web::Query<Page>) -> web::Json<Vec<Note>> {
    let note = |number: usize| Note { text: number.to_string() };
    web::Json((0..page.take.unwrap_or(10)).map(note).collect())
}

#[secure(roles = "reader", rate = "100/h")]
#[get("/notes/{id}")]
async fn read(id: web::Path<u32>) -> web::Json<Note> {
    web::Json(Note { text: id.to_string() })
}

#[secure(roles = "author", rate = "100/h", validate(note))]
#[post("/notes")]
async fn create(note: web::Json<Note>) -> HttpResponse {
    HttpResponse::Created().json(note.into_inner())
}

#[secure(roles = "admin", rate = "100/h")]
#[delete("/notes/{id}")]
async fn remove(_id: web::Path<u32>) -> HttpResponse {
    HttpResponse::NoContent().finish()
}

#[actix_web::main]
async fn main() -> io::Result<()> {
    let secret = std::env::var("SECRET").map_err(io::Error::other)?;
    let jwt = Jwt::hs256(secret).issuer("https://issuer.example").audience("notes");
    let security =
        Security::builder().authenticator("jwt", jwt).build().map_err(io::Error::other)?;
    let application = move || {
        let api = scope("/api").service(health).service(list).service(read);
        App::new().app_data(security.clone()).service(api.service(create).service(remove))
    };
    HttpServer::new(application).bind("127.0.0.1:8080")?.run().await
}
