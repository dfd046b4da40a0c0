//! Five handlers secured with crates that an application assembles: a token, roles, a rate limit and
//! validation.

use std::collections::HashSet;
use std::io;
use std::num::NonZeroU32;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::{Next, from_fn};
use actix_web::{App, Error, HttpMessage, HttpResponse, HttpServer, delete, error, get, post, web};
use actix_web_grants::authorities::AttachAuthorities;
use actix_web_grants::protect;
use actix_web_httpauth::extractors::bearer::BearerAuth;
use actix_web_httpauth::middleware::HttpAuthentication;
use actix_web_validator::{Json, Query};
use governor::{DefaultKeyedRateLimiter, Quota};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::{Deserialize, Serialize};
use validator::Validate;

type Limiter = DefaultKeyedRateLimiter<String>;

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

#[derive(Clone, Deserialize)]
struct Claims {
    sub: String,
    roles: HashSet<String>,
}

struct Verifier {
    key: DecodingKey,
    validation: Validation,
}

/// The benchmark sets the variable to change one handler.
#[get("/health")]
async fn health() -> &'static str {
    option_env!("COMPILE_COST_CHANGE").unwrap_or("ok")
}

#[get("/notes")]
#[protect("reader")]
async fn list(page: Query<Page>) -> web::Json<Vec<Note>> {
    let note = |number: usize| Note { text: number.to_string() };
    web::Json((0..page.take.unwrap_or(10)).map(note).collect())
}

#[get("/notes/{id}")]
#[protect("reader")]
async fn read(id: web::Path<u32>) -> web::Json<Note> {
    web::Json(Note { text: id.to_string() })
}

#[post("/notes")]
#[protect("author")]
async fn create(note: Json<Note>) -> HttpResponse {
    HttpResponse::Created().json(note.into_inner())
}

#[delete("/notes/{id}")]
#[protect("admin")]
async fn remove(_id: web::Path<u32>) -> HttpResponse {
    HttpResponse::NoContent().finish()
}

async fn authenticate(
    request: ServiceRequest,
    bearer: BearerAuth,
) -> Result<ServiceRequest, (Error, ServiceRequest)> {
    let claims = request.app_data::<web::Data<Verifier>>().and_then(|verifier| {
        let decoded = jsonwebtoken::decode(bearer.token(), &verifier.key, &verifier.validation);
        Some(decoded.ok()?.claims)
    });
    let Some(claims): Option<Claims> = claims else {
        return Err((error::ErrorUnauthorized("invalid token"), request));
    };
    request.attach(claims.roles.iter().cloned());
    request.extensions_mut().insert(claims);
    Ok(request)
}

async fn throttle(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let admitted =
        match (request.app_data::<web::Data<Limiter>>(), request.extensions().get::<Claims>()) {
            (Some(limiter), Some(claims)) => limiter.check_key(&claims.sub).is_ok(),
            _ => false,
        };
    if admitted { next.call(request).await } else { Err(error::ErrorTooManyRequests("slow down")) }
}

#[actix_web::main]
async fn main() -> io::Result<()> {
    let secret = std::env::var("SECRET").map_err(io::Error::other)?;
    let mut validation = Validation::new(Algorithm::HS256);
    validation.set_issuer(&["https://issuer.example"]);
    validation.set_audience(&["notes"]);
    let key = DecodingKey::from_secret(secret.as_bytes());
    let verifier = web::Data::new(Verifier { key, validation });
    let quota = Quota::per_hour(NonZeroU32::MIN.saturating_add(99));
    let limiter = web::Data::new(Limiter::keyed(quota));
    let application = move || {
        let api = web::scope("/api")
            .wrap(from_fn(throttle))
            .wrap(HttpAuthentication::bearer(authenticate))
            .service(list)
            .service(read)
            .service(create)
            .service(remove);
        let application = App::new().app_data(verifier.clone()).app_data(limiter.clone());
        application.service(health).service(api)
    };
    HttpServer::new(application).bind("127.0.0.1:8080")?.run().await
}
