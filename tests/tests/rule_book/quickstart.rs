//! The programs of `docs/quickstart.md`; a test compares them with the page.
use std::sync::{Mutex, PoisonError};

use actix_web::{App, HttpResponse, HttpServer, Responder, delete, get, post, web};
use secure_runtime::{Principal, Security, authentication::Jwt, scope, secure};
use serde::{Deserialize, Serialize};
use validator::Validate;

#[derive(Clone, Deserialize, Serialize, Validate)]
struct Note {
    #[validate(length(min = 1, max = 280))]
    text: String,
}

type Notes = Mutex<Vec<Note>>;

/// Anybody.
#[secure(public)]
#[get("/health")]
async fn health() -> &'static str {
    "ok"
}

/// Any caller with a valid token, five times a minute.
#[secure(rate = "5/min")]
#[get("/notes")]
async fn list(notes: web::Data<Notes>) -> impl Responder {
    web::Json(notes.lock().unwrap_or_else(PoisonError::into_inner).clone())
}

/// The token must have the scope. The body is read after that, and is valid here.
#[secure(scopes = "notes:write", rate = "60/min", validate(note), max_body = "4KiB")]
#[post("/notes")]
async fn add(note: web::Json<Note>, notes: web::Data<Notes>, caller: Principal) -> impl Responder {
    notes.lock().unwrap_or_else(PoisonError::into_inner).push(note.into_inner());
    HttpResponse::Created().body(format!("noted, {}\n", caller.subject()))
}

/// The token must have the role.
#[secure(roles = "admin", rate = "10/min")]
#[delete("/notes")]
async fn clear(notes: web::Data<Notes>) -> impl Responder {
    notes.lock().unwrap_or_else(PoisonError::into_inner).clear();
    HttpResponse::NoContent()
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let secret = std::env::var("JWT_SECRET").map_err(|_| "JWT_SECRET is not set")?;
    let jwt = Jwt::hs256(secret).issuer("https://login.example").audience("notes");
    let security = Security::builder().authenticator("jwt", jwt).build()?;
    println!("{}", security.inventory());
    let notes = web::Data::new(Notes::default());
    HttpServer::new(move || {
        App::new()
            .app_data(security.clone())
            .app_data(notes.clone())
            .service(scope("/api").service(health).service(list).service(add).service(clear))
    })
    .bind(("127.0.0.1", 8080))?
    .run()
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use actix_web::test::{TestRequest, call_service, init_service};
    use secure_runtime::testing::{TestSecurity, Token, assert_admitted, assert_refused};

    use super::*;

    #[actix_web::test]
    async fn admins_delete_notes_and_callers_do_not() -> Result<(), Box<dyn std::error::Error>> {
        let TestSecurity { security, issuer, .. } = TestSecurity::new()?;
        let notes = web::Data::new(Notes::default());
        let app = App::new().app_data(security).app_data(notes).service(scope("").service(clear));
        let app = init_service(app).await;
        let delete = |token: Token<'_>| {
            TestRequest::delete().uri("/notes").insert_header(token.bearer()).to_request()
        };

        let ada = issuer.token("ada").scope("notes:write");
        let refused = call_service(&app, delete(ada)).await;
        assert_refused(&refused, r#"`role("admin")` does not hold"#);

        let root = issuer.token("root").role("admin");
        assert_admitted(&call_service(&app, delete(root)).await);
        Ok(())
    }

    #[actix_web::test]
    async fn five_requests_a_minute_are_served() -> Result<(), Box<dyn std::error::Error>> {
        let TestSecurity { security, issuer, clock, .. } = TestSecurity::new()?;
        let notes = web::Data::new(Notes::default());
        let app = App::new().app_data(security).app_data(notes).service(scope("").service(list));
        let app = init_service(app).await;
        let get = || {
            let token = issuer.token("ada").bearer();
            TestRequest::get().uri("/notes").insert_header(token).to_request()
        };

        for _ in 0..5 {
            assert_admitted(&call_service(&app, get()).await);
        }
        assert_refused(&call_service(&app, get()).await, "a limit is used up");
        clock.advance(Duration::from_secs(12));
        assert_admitted(&call_service(&app, get()).await);
        Ok(())
    }
}
