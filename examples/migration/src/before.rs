//! The handlers before the migration: each one contains its own checks.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::cookie::Cookie;
use actix_web::http::header::ORIGIN;
use actix_web::{FromRequest, HttpMessage, HttpRequest, HttpResponse, dev, web};
use serde::de::DeserializeOwned;
use serde_json::json;
use std::future::{Ready, ready};
use validator::Validate;

use crate::domain::{Document, Login, NewDocument, Store, User};
use crate::errors::AppError;

/// The user that the session middleware found.
pub struct CurrentUser(Arc<User>);

impl FromRequest for CurrentUser {
    type Error = AppError;
    type Future = Ready<Result<Self, AppError>>;

    fn from_request(request: &HttpRequest, _: &mut dev::Payload) -> Self::Future {
        let user = request.extensions().get::<Arc<User>>().cloned();
        ready(user.map(Self).ok_or(AppError::Unauthenticated))
    }
}

/// The user, if the user is an administrator.
pub struct Admin;

impl FromRequest for Admin {
    type Error = AppError;
    type Future = Ready<Result<Self, AppError>>;

    fn from_request(request: &HttpRequest, body: &mut dev::Payload) -> Self::Future {
        ready(match CurrentUser::from_request(request, body).into_inner() {
            Ok(CurrentUser(user)) if user.is_admin => Ok(Self),
            Ok(_) => Err(AppError::Forbidden),
            Err(error) => Err(error),
        })
    }
}

/// `GET /documents`
pub async fn list_documents(
    CurrentUser(user): CurrentUser,
    store: web::Data<Store>,
) -> web::Json<Vec<Document>> {
    web::Json(store.documents_of(&user.organization))
}

/// `POST /documents`
pub async fn add_document(
    CurrentUser(user): CurrentUser,
    body: web::Payload,
    store: web::Data<Store>,
) -> Result<HttpResponse, AppError> {
    let document: NewDocument = read_json(body).await?;
    Ok(HttpResponse::Created().json(store.add_document(&user, &document.title)))
}

/// `GET /documents/{id}`
pub async fn read_document(
    CurrentUser(user): CurrentUser,
    id: web::Path<u32>,
    store: web::Data<Store>,
) -> Result<web::Json<Document>, AppError> {
    readable(&store, *id, &user).map(web::Json)
}

/// `DELETE /documents/{id}`
pub async fn remove_document(
    CurrentUser(user): CurrentUser,
    id: web::Path<u32>,
    store: web::Data<Store>,
) -> Result<HttpResponse, AppError> {
    let document = store.document(*id).ok_or(AppError::NotFound)?;
    if document.owner != user.name && !user.is_admin {
        return Err(AppError::NotFound);
    }
    store.remove_document(*id);
    Ok(HttpResponse::NoContent().finish())
}

/// `PUT /documents/{id}/file`: 8 MiB at most.
pub async fn attach_file(
    CurrentUser(user): CurrentUser,
    id: web::Path<u32>,
    body: web::Payload,
    store: web::Data<Store>,
) -> Result<HttpResponse, AppError> {
    if store.document(*id).is_none_or(|document| document.owner != user.name) {
        return Err(AppError::NotFound);
    }
    let file = read_bytes(body, 8 * 1024 * 1024).await?;
    store.attach(*id, file.len());
    Ok(HttpResponse::NoContent().finish())
}

/// `GET /admin/users`
pub async fn list_users(_: Admin, store: web::Data<Store>) -> web::Json<Vec<String>> {
    web::Json(store.user_names())
}

/// `POST /admin/users/{name}/lock`
pub async fn lock_user(
    _: Admin,
    name: web::Path<String>,
    store: web::Data<Store>,
) -> Result<HttpResponse, AppError> {
    match store.lock_user(&name) {
        true => Ok(HttpResponse::NoContent().finish()),
        false => Err(AppError::NotFound),
    }
}

/// `GET /account`: a page, for browsers.
pub async fn account(request: HttpRequest, user: Option<CurrentUser>) -> HttpResponse {
    match user {
        Some(CurrentUser(user)) => {
            let html = format!("<h1>{}</h1>", user.name);
            HttpResponse::Ok().content_type("text/html; charset=utf-8").body(html)
        }
        None => AppError::Unauthenticated.to_page(&request),
    }
}

/// `GET /events`: a socket that sends back what it receives.
pub async fn events(
    request: HttpRequest,
    _: CurrentUser,
    body: web::Payload,
) -> Result<HttpResponse, actix_web::Error> {
    if request
        .headers()
        .get(ORIGIN)
        .is_some_and(|origin| !is_own_origin(&request, origin.as_bytes()))
    {
        return Err(AppError::Forbidden.into());
    }
    crate::events::echo(&request, body)
}

fn is_own_origin(request: &HttpRequest, origin: &[u8]) -> bool {
    let host = request.headers().get("host").map(|host| host.as_bytes()).unwrap_or_default();
    origin.strip_prefix(b"http://").or_else(|| origin.strip_prefix(b"https://")) == Some(host)
}

/// `POST /login`: five attempts from one address.
pub async fn login(
    request: HttpRequest,
    body: web::Payload,
    store: web::Data<Store>,
    attempts: web::Data<Attempts>,
) -> Result<HttpResponse, AppError> {
    attempts.count(request.peer_addr().map(|peer| peer.ip()))?;
    let login: Login = read_json(body).await?;
    let session = store.sign_in(&login).ok_or(AppError::Unauthenticated)?;
    let cookie = Cookie::build("session", session.clone()).http_only(true).path("/").finish();
    Ok(HttpResponse::Ok().cookie(cookie).json(json!({"token": session})))
}

/// The number of login attempts of each address. It is never reset and grows without a bound.
#[derive(Default)]
pub struct Attempts(Mutex<HashMap<Option<IpAddr>, u32>>);

impl Attempts {
    fn count(&self, address: Option<IpAddr>) -> Result<(), AppError> {
        let mut attempts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let attempts = attempts.entry(address).or_default();
        *attempts += 1;
        if *attempts > 5 { Err(AppError::Throttled) } else { Ok(()) }
    }
}

/// The document, if the user belongs to its organization.
fn readable(store: &Store, id: u32, user: &User) -> Result<Document, AppError> {
    let document = store.document(id).ok_or(AppError::NotFound)?;
    if document.organization == user.organization { Ok(document) } else { Err(AppError::NotFound) }
}

async fn read_json<T: DeserializeOwned + Validate>(body: web::Payload) -> Result<T, AppError> {
    let body = read_bytes(body, 64 * 1024).await?;
    let value: T = serde_json::from_slice(&body).map_err(|_| AppError::Invalid)?;
    value.validate().map_err(|_| AppError::Invalid)?;
    Ok(value)
}

async fn read_bytes(body: web::Payload, limit: usize) -> Result<web::Bytes, AppError> {
    match body.to_bytes_limited(limit).await {
        Ok(bytes) => bytes.map_err(|_| AppError::Invalid),
        Err(_) => Err(AppError::TooLarge),
    }
}
