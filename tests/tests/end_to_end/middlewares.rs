//! actix-web's own middlewares around a refusal: they see it as a response and do not change it.

use std::sync::{Arc, Mutex};

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::{DefaultHeaders, ErrorHandlerResponse, ErrorHandlers, Logger, Next};
use actix_web::{App, Error, get};
use secure_runtime::{Denial, DenialKind, secure};
use secure_tests::{TestServer, bearer};

#[secure(roles = "admin", rate = "1/h")]
#[get("/ledger")]
async fn ledger() -> &'static str {
    "ledger"
}

/// A handler that refuses by itself.
#[secure(public)]
#[get("/refuses")]
async fn refuses() -> Result<&'static str, Denial> {
    Err(Denial::new(DenialKind::Forbidden, "by itself"))
}

type Seen = Arc<Mutex<Vec<String>>>;

/// Like a tracing middleware: it records the error of a response.
async fn note(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let seen = request.app_data::<Seen>().cloned().unwrap();
    let response = next.call(request).await?;
    let error = response.response().error().map(ToString::to_string);
    seen.lock().unwrap().push(error.unwrap_or_default());
    Ok(response)
}

/// Adds a header field, and changes nothing else.
fn add_field<B>(mut response: ServiceResponse<B>) -> actix_web::Result<ErrorHandlerResponse<B>> {
    let name = HeaderName::from_static("x-seen");
    response.headers_mut().insert(name, HeaderValue::from_static("yes"));
    Ok(ErrorHandlerResponse::Response(response.map_into_left_body()))
}

#[actix_web::test]
async fn a_refusal_is_one_response_with_its_denial_as_the_error_whatever_stands_around_it() {
    let (builder, issuer, _) = crate::security(module_path!());
    let security = builder.build().unwrap();
    let seen = Seen::default();
    let server = TestServer::run({
        let seen = Arc::clone(&seen);
        move || {
            let handlers = ErrorHandlers::new()
                .handler(StatusCode::TOO_MANY_REQUESTS, add_field)
                .handler(StatusCode::FORBIDDEN, add_field)
                .handler(StatusCode::UNAUTHORIZED, add_field);
            App::new()
                .app_data(security.clone())
                .app_data(Arc::clone(&seen))
                .wrap(Logger::default())
                .wrap(DefaultHeaders::new().add(("x-default", "set")))
                .wrap(handlers)
                .wrap(actix_web::middleware::from_fn(note))
                .service(ledger)
                .service(refuses)
        }
    });
    let admin = bearer(&issuer.token("ada").role("admin").sign());
    let guest = bearer(&issuer.token("bob").sign());
    assert_eq!(server.get("/ledger", &[&admin]).await.status, 200);
    for (path, headers, status) in [
        ("/ledger", vec![admin.as_str()], 429),
        ("/ledger", vec![], 401),
        ("/ledger", vec![guest.as_str()], 403),
        ("/refuses", vec![], 403),
    ] {
        let answer = server.get(path, &headers).await;
        let problem = answer.problem(status);
        assert_eq!(problem["status"], status);
        assert_eq!(answer.header("x-seen"), Some("yes"));
        assert_eq!(answer.header("x-default"), Some("set"));
        assert_eq!(answer.header("retry-after").is_some(), status == 429);
        assert_eq!(answer.header("ratelimit").is_some(), status == 429);
        assert_eq!(answer.header("www-authenticate").is_some(), status == 401);
    }
    let seen = seen.lock().unwrap();
    let expected = ["", "429 ", "401 ", "403 ", "403 Forbidden"];
    assert_eq!(seen.len(), expected.len());
    for (seen, expected) in seen.iter().zip(expected) {
        assert!(seen.starts_with(expected) && (expected.is_empty() == seen.is_empty()), "{seen}");
    }
}
