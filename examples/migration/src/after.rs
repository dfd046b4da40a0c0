//! The handlers after the migration: the attribute above each one replaces its own checks.

use std::sync::Arc;

use actix_files::Files;
use actix_web::cookie::Cookie;
use actix_web::{HttpRequest, HttpResponse, web};
use secure_runtime::answer::{Answer, is_page_request};
use secure_runtime::authentication::FromMiddleware;
use secure_runtime::{
    Caller, DenialKind, Granted, LaunchError, Next, Principal, Resource, SecuredService, Security,
    resource, route, scope, secure,
};
use serde_json::json;

use crate::STATIC;
use crate::domain::{Document, Login, NewDocument, Store, User};
use crate::errors::AppError;

/// Builds the configuration. The session middleware's user becomes the caller, and refusals are answered
/// with the application's own errors.
///
/// # Errors
///
/// All startup errors at once.
pub fn security() -> Result<Security, LaunchError> {
    let session = FromMiddleware::<Arc<User>>::new(|user| {
        let principal = Principal::builder(user.name.clone())
            .tenant(user.organization.clone())
            .extension(Arc::clone(user));
        if user.is_admin { principal.role("admin").build() } else { principal.build() }
    });
    Security::builder()
        .authenticator("session", session.cookie("session"))
        .answer(|denial, request| match AppError::of(denial.kind()) {
            Some(error) if is_page_request(request) => Answer::from(error.to_page(request)),
            Some(error) => Answer::from(error.to_json()),
            // The application has no error for this status, for example 426 or 503.
            None => Answer::standard(),
        })
        .build()
}

impl AppError {
    /// The application's error with the same status.
    fn of(kind: DenialKind) -> Option<Self> {
        Some(match kind.status() {
            401 => Self::Unauthenticated,
            403 => Self::Forbidden,
            404 => Self::NotFound,
            400 | 415 | 422 => Self::Invalid,
            413 => Self::TooLarge,
            429 => Self::Throttled,
            500 => Self::Internal,
            _ => return None,
        })
    }
}

/// Loads a document once, for both the rule and the handler.
impl Resource for Document {
    type Key = u32;

    async fn load(id: u32, request: &HttpRequest) -> Result<Option<Self>, actix_web::Error> {
        let store = request.app_data::<web::Data<Store>>().ok_or(AppError::Internal)?;
        Ok(store.document(id))
    }
}

/// `GET /documents`
#[secure]
pub async fn list_documents(
    user: Caller<Arc<User>>,
    store: web::Data<Store>,
) -> web::Json<Vec<Document>> {
    web::Json(store.documents_of(&user.organization))
}

/// `POST /documents`
#[secure(validate(document), max_body = "64KiB")]
pub async fn add_document(
    user: Caller<Arc<User>>,
    document: web::Json<NewDocument>,
    store: web::Data<Store>,
) -> HttpResponse {
    HttpResponse::Created().json(store.add_document(&user, &document.title))
}

/// `GET /documents/{id}`
#[secure(allow = document.organization == user.organization, hide)]
pub async fn read_document(
    document: Granted<Document>,
    user: Caller<Arc<User>>,
) -> web::Json<Document> {
    drop(user);
    web::Json(document.into_inner())
}

/// `DELETE /documents/{id}`
#[secure(allow = role("admin") || document.owner == user.name, hide)]
pub async fn remove_document(
    document: Granted<Document>,
    user: Caller<Arc<User>>,
    store: web::Data<Store>,
) -> HttpResponse {
    store.remove_document(document.id);
    HttpResponse::NoContent().finish()
}

/// `PUT /documents/{id}/file`: 8 MiB at most.
#[secure(
    allow = document.owner == user.name,
    hide,
    unvalidated(file, reason = "it is stored as it is"),
    max_body = "8MiB"
)]
pub async fn attach_file(
    document: Granted<Document>,
    user: Caller<Arc<User>>,
    file: web::Bytes,
    store: web::Data<Store>,
) -> HttpResponse {
    store.attach(document.id, file.len());
    HttpResponse::NoContent().finish()
}

/// `GET /admin/users`
#[secure(roles = "admin")]
pub async fn list_users(store: web::Data<Store>) -> web::Json<Vec<String>> {
    web::Json(store.user_names())
}

/// `POST /admin/users/{name}/lock`
#[secure(roles = "admin", objects(any, reason = "administrators lock everybody"))]
pub async fn lock_user(
    name: web::Path<String>,
    store: web::Data<Store>,
) -> Result<HttpResponse, AppError> {
    match store.lock_user(&name) {
        true => Ok(HttpResponse::NoContent().finish()),
        false => Err(AppError::NotFound),
    }
}

/// `GET /account`: a page, for browsers.
#[secure]
pub async fn account(user: Caller<Arc<User>>) -> HttpResponse {
    let html = format!("<h1>{}</h1>", user.name);
    HttpResponse::Ok().content_type("text/html; charset=utf-8").body(html)
}

/// `GET /events`: a socket that sends back what it receives.
#[secure(websocket)]
pub async fn events(
    request: HttpRequest,
    body: web::Payload,
) -> Result<HttpResponse, actix_web::Error> {
    crate::events::echo(&request, body)
}

/// `POST /login`: five attempts a minute from one address.
#[secure(public, rate("5/min", by = address), validate(login), max_body = "64KiB")]
pub async fn login(
    login: web::Json<Login>,
    store: web::Data<Store>,
) -> Result<HttpResponse, AppError> {
    let session = store.sign_in(&login).ok_or(AppError::Unauthenticated)?;
    let cookie = Cookie::build("session", session.clone()).http_only(true).path("/").finish();
    Ok(HttpResponse::Ok().cookie(cookie).json(json!({"token": session})))
}

/// The policy of the static files: public. Requests for them are counted like all others.
#[secure(public)]
pub async fn everybody(next: Next) -> HttpResponse {
    next.run().await
}

/// The final state of the application. Mounting a handler without a policy here does not compile.
pub fn shelf() -> impl SecuredService {
    scope("")
        .service(
            resource("/documents")
                .route(route::get().to(list_documents))
                .route(route::post().to(add_document)),
        )
        .service(
            resource("/documents/{id}")
                .route(route::get().to(read_document))
                .route(route::delete().to(remove_document)),
        )
        .route("/documents/{id}/file", route::put().to(attach_file))
        .route("/admin/users", route::get().to(list_users))
        .route("/admin/users/{name}/lock", route::post().to(lock_user))
        .route("/account", route::get().to(account))
        .route("/events", route::get().to(events))
        .route("/login", route::post().to(login))
        .service_behind("/static", everybody, Files::new("/", STATIC))
}
