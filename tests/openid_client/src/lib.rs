//! An OpenID provider with the endpoints that a client needs: metadata, keys, the code flow with
//! PKCE (RFC 7636), client credentials. Every user is `ada`; with client credentials the client is the subject.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use actix_web::http::header::{self, HeaderValue};
use actix_web::{App, HttpRequest, HttpResponse, web};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use secure_runtime::testing::Issuer;
use secure_tests::TestServer;
use serde::Deserialize;
use serde_json::{Value, json};

/// The only registered client.
pub const CLIENT_ID: &str = "web shop";
/// The client's secret.
pub const CLIENT_SECRET: &str = "s3cret: with a colon";

/// The provider.
pub struct Provider {
    server: TestServer,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// The issuer whose key signs, and all published keys.
    signing: Option<Issuer>,
    keys: Vec<Value>,
    codes: HashMap<String, Authorization>,
}

/// The authorization request of the client.
#[derive(Clone, Deserialize)]
struct Authorization {
    client_id: String,
    redirect_uri: String,
    state: String,
    nonce: String,
    scope: String,
    code_challenge: String,
}

#[derive(Deserialize)]
struct TokenRequest {
    grant_type: String,
    code: Option<String>,
    code_verifier: Option<String>,
    scope: Option<String>,
}

type Shared = web::Data<Mutex<State>>;

impl Provider {
    /// Starts a provider without keys.
    #[must_use]
    pub fn start() -> Self {
        let state = Arc::<Mutex<State>>::default();
        let shared = web::Data::from(Arc::clone(&state));
        let server = TestServer::run(move || {
            App::new()
                .app_data(shared.clone())
                .route("/.well-known/openid-configuration", web::get().to(metadata))
                .route("/keys", web::get().to(keys))
                .route("/authorize", web::get().to(authorize))
                .route("/token", web::post().to(token))
        });
        Self { server, state }
    }

    /// The issuer identifier.
    #[must_use]
    pub fn issuer(&self) -> String {
        self.server.url("")
    }

    /// Signs with this key from now on; earlier keys stay published.
    pub fn rotate_to(&self, signing: Issuer) {
        let mut state = lock(&self.state);
        state.keys.push(signing.jwk());
        state.signing = Some(signing.named(self.issuer()));
    }

    /// Publishes only the key that signs.
    pub fn withdraw_old_keys(&self) {
        let mut state = lock(&self.state);
        let last = state.keys.pop();
        state.keys = last.into_iter().collect();
    }
}

async fn metadata(request: HttpRequest) -> HttpResponse {
    let issuer = format!("http://{}", request.connection_info().host());
    HttpResponse::Ok().json(json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/keys"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256", "ES256"],
    }))
}

async fn keys(state: Shared) -> HttpResponse {
    HttpResponse::Ok().json(json!({ "keys": lock(&state).keys }))
}

/// Redirects the user to the client with a code.
async fn authorize(asked: web::Query<Authorization>, state: Shared) -> HttpResponse {
    if asked.client_id != CLIENT_ID {
        return HttpResponse::BadRequest().finish();
    }
    let mut state = lock(&state);
    let code = format!("code-{}", state.codes.len());
    let back = format!("{}?code={code}&state={}", asked.redirect_uri, asked.state);
    state.codes.insert(code, asked.into_inner());
    HttpResponse::Found().insert_header((header::LOCATION, back)).finish()
}

async fn token(request: HttpRequest, form: web::Form<TokenRequest>, state: Shared) -> HttpResponse {
    let mut state = lock(&state);
    let Some(issuer) = state.signing.clone().filter(|_| is_the_client(&request)) else {
        return HttpResponse::Unauthorized().json(json!({ "error": "invalid_client" }));
    };
    let form = form.into_inner();
    let access = |subject: &str, scopes: &str| {
        let token = scopes.split(' ').fold(issuer.token(subject), |token, name| token.scope(name));
        token.sign()
    };
    let answer = match form.grant_type.as_str() {
        "client_credentials" => {
            let scopes = form.scope.unwrap_or_default();
            json!({ "access_token": access(CLIENT_ID, &scopes), "token_type": "Bearer" })
        }
        "authorization_code" => {
            // A code can be used once.
            let asked = form.code.and_then(|code| state.codes.remove(&code));
            let proven = |asked: &Authorization| {
                let digest = form.code_verifier.as_deref().map(challenge);
                digest.as_deref() == Some(&asked.code_challenge)
            };
            let Some(asked) = asked.filter(proven) else {
                return HttpResponse::BadRequest().json(json!({ "error": "invalid_grant" }));
            };
            let id_token = issuer.token("ada").header("typ", "JWT").claim("aud", CLIENT_ID);
            json!({
                "access_token": access("ada", &asked.scope),
                "token_type": "Bearer",
                "id_token": id_token.claim("nonce", asked.nonce).sign(),
            })
        }
        _ => return HttpResponse::BadRequest().json(json!({ "error": "unsupported_grant_type" })),
    };
    HttpResponse::Ok().json(answer)
}

/// The challenge that belongs to a verifier (RFC 7636 section 4.2).
fn challenge(verifier: &str) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, verifier.as_bytes());
    URL_SAFE_NO_PAD.encode(digest)
}

/// Basic authentication with name and secret form-encoded (RFC 6749 section 2.3.1).
fn is_the_client(request: &HttpRequest) -> bool {
    let credentials = STANDARD.encode("web+shop:s3cret%3A+with+a+colon");
    let line = request.headers().get(header::AUTHORIZATION).map(HeaderValue::as_bytes);
    line == Some(format!("Basic {credentials}").as_bytes())
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
