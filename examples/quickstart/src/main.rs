//! A small notes API: one attribute above each handler sets its access rules, rate limit and validation.
//!
//! Run `cargo run -p quickstart`. It prints the requests to try as `curl` commands, each with the expected
//! status, and then the inventory (the rules of each endpoint).

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::{env, io, time::Duration};

use actix_web::{App, HttpResponse, HttpServer, Responder, delete, get, post, web};
use secure_runtime::testing::Issuer;
use secure_runtime::{Principal, Security, scope, secure};
use serde::{Deserialize, Serialize};
use validator::Validate;

#[derive(Clone, Serialize)]
struct Note {
    id: u32,
    author: String,
    text: String,
}

#[derive(Deserialize, Validate)]
#[serde(deny_unknown_fields)]
struct NewNote {
    #[validate(length(min = 1, max = 280))]
    text: String,
}

#[derive(Deserialize, Validate)]
struct Page {
    #[serde(default)]
    skip: usize,
    #[validate(range(min = 1, max = 100))]
    take: Option<usize>,
}

/// No authentication, and no rate limit: health probes are frequent and come from one address.
#[secure(public)]
#[get("/health")]
async fn health() -> &'static str {
    "ok"
}

/// Any caller with a valid token. The query is validated before the handler runs.
#[secure(rate = "100/h", validate(page))]
#[get("/notes")]
async fn list(page: web::Query<Page>, notes: web::Data<Notes>) -> impl Responder {
    let page: Vec<Note> =
        notes.all().values().skip(page.skip).take(page.take.unwrap_or(10)).cloned().collect();
    web::Json(page)
}

/// The token must carry the scope `notes:read`.
#[secure(scopes = "notes:read", rate = ["10/s", "1000/h"])]
#[get("/notes/{id}")]
async fn read(id: web::Path<u32>, notes: web::Data<Notes>) -> impl Responder {
    match notes.all().get(&id) {
        Some(note) => HttpResponse::Ok().json(note),
        None => HttpResponse::NotFound().finish(),
    }
}

/// The body is read only after authentication, permissions and rate limit have passed. The handler gets
/// a validated body.
#[secure(
    scopes = "notes:write",
    rate(anonymous = "20/h", authenticated = "100/h"),
    validate(note),
    max_body = "4KiB",
    content_type = "application/json"
)]
#[post("/notes")]
async fn create(
    note: web::Json<NewNote>,
    me: Principal,
    notes: web::Data<Notes>,
) -> impl Responder {
    HttpResponse::Created().json(notes.add(me.subject(), &note.text))
}

/// Moderators and admins only.
#[secure(roles = any("admin", "moderator"), rate("30/min", burst = 5))]
#[delete("/notes/{id}")]
async fn remove(id: web::Path<u32>, notes: web::Data<Notes>) -> impl Responder {
    notes.all().remove(&id);
    HttpResponse::NoContent()
}

#[derive(Default)]
struct Notes(Mutex<BTreeMap<u32, Note>>);

impl Notes {
    fn all(&self) -> MutexGuard<'_, BTreeMap<u32, Note>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, author: &str, text: &str) -> Note {
        let mut notes = self.all();
        let id = notes.last_key_value().map_or(1, |(last, _)| last + 1);
        let note = Note { id, author: author.to_owned(), text: text.to_owned() };
        notes.insert(id, note.clone());
        note
    }
}

#[actix_web::main]
async fn main() -> io::Result<()> {
    // For development only; in production `Jwt::rs256(public_key)` with your provider's key.
    let issuer = Issuer::hs256();
    let security =
        Security::builder().authenticator("jwt", issuer.jwt()).build().map_err(io::Error::other)?;
    let notes = web::Data::new(Notes::default());
    notes.add("ada", "Policies belong to signatures.");
    notes.add("grace", "Delete me.");

    let address = env::var("QUICKSTART_ADDR").or_else(|_| env::var("ADDR"));
    let address = address.unwrap_or_else(|_| String::from("127.0.0.1:8080"));
    let app = security.clone();
    let server = HttpServer::new(move || {
        App::new().app_data(app.clone()).app_data(notes.clone()).service(
            scope("/api")
                .service(health)
                .service(list)
                .service(read)
                .service(create)
                .service(remove),
        )
    })
    .bind(address)?;
    let urls: Vec<String> = server.addrs().iter().map(|it| format!("http://{it}/api")).collect();
    actix_web::rt::spawn(async move {
        urls.iter().for_each(|url| print_guide(url, &issuer, &security))
    });
    server.run().await
}

/// Prints the requests to try, each with the expected status.
fn print_guide(url: &str, issuer: &Issuer, security: &Security) {
    let token = issuer.token("ada").role("admin").scope("notes:read").scope("notes:write");
    let token = token.expires_in(Duration::from_secs(8 * 3600)).sign();
    let bearer = format!("-H 'Authorization: Bearer {token}'");
    let json = "-H 'Content-Type: application/json'";
    println!("listening on {url}\n");
    println!("# 200\ncurl -i '{url}/health'");
    println!("# 200\ncurl -i '{url}/notes?take=5' {bearer}");
    println!("# 200\ncurl -i '{url}/notes/1' {bearer}");
    println!("# 201\ncurl -i '{url}/notes' {bearer} {json} -d '{{\"text\":\"Hello\"}}'");
    println!("# 204\ncurl -i -X DELETE '{url}/notes/2' {bearer}");
    println!("# 401\ncurl -i '{url}/notes'");
    println!("# 422\ncurl -i '{url}/notes' {bearer} {json} -d '{{\"text\":\"\"}}'\n");
    println!("{}", security.inventory());
}
