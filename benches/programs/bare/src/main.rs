//! Five handlers without security.

use actix_web::{App, HttpResponse, HttpServer, delete, get, post, web};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Note {
    text: String,
}

#[derive(Deserialize)]
struct Page {
    take: Option<usize>,
}

/// The benchmark sets the variable to change one handler.
#[get("/health")]
async fn health() -> &'static str {
    option_env!("COMPILE_COST_CHANGE").unwrap_or("ok")
}

#[get("/notes")]
async fn list(page: web::Query<Page>) -> web::Json<Vec<Note>> {
    let note = |number: usize| Note { text: number.to_string() };
    web::Json((0..page.take.unwrap_or(10)).map(note).collect())
}

#[get("/notes/{id}")]
async fn read(id: web::Path<u32>) -> web::Json<Note> {
    web::Json(Note { text: id.to_string() })
}

#[post("/notes")]
async fn create(note: web::Json<Note>) -> HttpResponse {
    HttpResponse::Created().json(note.into_inner())
}

#[delete("/notes/{id}")]
async fn remove(_id: web::Path<u32>) -> HttpResponse {
    HttpResponse::NoContent().finish()
}

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let application = || {
        let api = web::scope("/api").service(health).service(list).service(read);
        App::new().service(api.service(create).service(remove))
    };
    HttpServer::new(application).bind("127.0.0.1:8080")?.run().await
}
