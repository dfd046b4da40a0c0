//! A client library of another project gets tokens from a provider. The API accepts them, even while the
//! provider rotates its keys, and refuses every token that is not an access token for the API.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use actix_web::{get, web};
use openid_client_tests::{CLIENT_ID, CLIENT_SECRET, Provider};
use openidconnect::core::{CoreAuthenticationFlow, CoreClient, CoreProviderMetadata};
use openidconnect::{
    AuthorizationCode, ClientId, ClientSecret, CsrfToken, HttpRequest, HttpResponse, IssuerUrl,
    Nonce, OAuth2TokenResponse, PkceCodeChallenge, RedirectUrl, Scope, TokenResponse,
};
use secure_runtime::authentication::Jwt;
use secure_runtime::testing::{FakeClock, Issuer};
use secure_runtime::{Principal, Security, secure};
use secure_tests::{TestServer, bearer};

#[secure(scopes = "orders:read")]
#[get("/orders")]
async fn orders(caller: Principal, runs: web::Data<AtomicUsize>) -> String {
    runs.fetch_add(1, Ordering::SeqCst);
    caller.subject().to_owned()
}

/// Sends the client's request, and does not follow redirects.
async fn http(request: HttpRequest) -> Result<HttpResponse, awc::error::SendRequestError> {
    let (parts, body) = request.into_parts();
    let client = awc::Client::builder().disable_redirects().finish();
    let method = parts.method.as_str().parse::<awc::http::Method>().unwrap();
    let mut sent = client.request(method, parts.uri.to_string());
    for (name, value) in &parts.headers {
        sent = sent.insert_header((name.as_str(), value.as_bytes()));
    }
    let mut answer = sent.send_body(body).await?;
    let mut response = HttpResponse::new(answer.body().await.unwrap().to_vec());
    *response.status_mut() = answer.status().as_u16().try_into().unwrap();
    for (name, value) in answer.headers() {
        let name: openidconnect::http::HeaderName = name.as_str().parse().unwrap();
        response.headers_mut().append(name, value.as_bytes().try_into().unwrap());
    }
    Ok(response)
}

struct World {
    provider: Provider,
    clock: FakeClock,
    api: TestServer,
    runs: Arc<AtomicUsize>,
}

impl World {
    fn new() -> Self {
        // The client knows no other time than the machine's.
        let clock = FakeClock::at(SystemTime::now());
        let provider = Provider::start();
        provider.rotate_to(Issuer::rs256().kid("first").clock(clock.clone()));
        let security = Security::builder()
            .clock(clock.clone())
            .authenticator(
                "jwt",
                Jwt::discover(provider.issuer()).dangerously_accept_test_keys().audience("test"),
            )
            .build()
            .unwrap();
        let runs = Arc::<AtomicUsize>::default();
        let data = web::Data::from(Arc::clone(&runs));
        let api = TestServer::start(&security, move || {
            secure_runtime::scope("").app_data(data.clone()).service(orders)
        });
        Self { provider, clock, api, runs }
    }

    /// The status of the API; asserts that its handler ran exactly if it is 200.
    async fn call(&self, token: &str) -> (u16, String) {
        let before = self.runs.load(Ordering::SeqCst);
        let answer = self.api.get("/orders", &[&bearer(token)]).await;
        let ran = self.runs.load(Ordering::SeqCst) - before;
        assert_eq!(ran, usize::from(answer.status == 200), "{answer:?}");
        (answer.status, if answer.status == 200 { answer.body } else { String::new() })
    }
}

/// The result of the flow: the access token, and the verified ID token.
async fn sign_in(world: &World, scope: &str) -> (String, String) {
    let issuer = IssuerUrl::new(world.provider.issuer()).unwrap();
    let metadata = CoreProviderMetadata::discover_async(issuer, &http).await.unwrap();
    let id = ClientId::new(CLIENT_ID.to_owned());
    let secret = ClientSecret::new(CLIENT_SECRET.to_owned());
    let back = RedirectUrl::new("http://127.0.0.1/back".to_owned()).unwrap();
    let client =
        CoreClient::from_provider_metadata(metadata, id, Some(secret)).set_redirect_uri(back);
    let (proof, verifier) = PkceCodeChallenge::new_random_sha256();
    let flow = CoreAuthenticationFlow::AuthorizationCode;
    let (address, state, nonce) = client
        .authorize_url(flow, CsrfToken::new_random, Nonce::new_random)
        .add_scope(Scope::new(scope.to_owned()))
        .set_pkce_challenge(proof)
        .url();

    // The part of the user's browser.
    let browser = awc::Client::builder().disable_redirects().finish();
    let sent_back = browser.get(address.as_str()).send().await.unwrap();
    let location = sent_back.headers().get("location").unwrap().to_str().unwrap();
    let parameters = location.split_once('?').unwrap().1;
    let parameter = |name: &str| {
        let mut pairs = parameters.split('&').filter_map(|pair| pair.split_once('='));
        pairs.find(|(key, _)| *key == name).unwrap().1.to_owned()
    };
    assert_eq!(&parameter("state"), state.secret());

    let code = AuthorizationCode::new(parameter("code"));
    let request = client.exchange_code(code).unwrap().set_pkce_verifier(verifier);
    let tokens = request.request_async(&http).await.unwrap();
    let id_token = tokens.id_token().unwrap();
    let claims = id_token.claims(&client.id_token_verifier(), &nonce).unwrap();
    assert_eq!(claims.subject().as_str(), "ada");
    (tokens.access_token().secret().clone(), id_token.to_string())
}

/// A token for the client itself.
async fn client_credentials(world: &World, scope: &str) -> String {
    let issuer = IssuerUrl::new(world.provider.issuer()).unwrap();
    let metadata = CoreProviderMetadata::discover_async(issuer, &http).await.unwrap();
    let id = ClientId::new(CLIENT_ID.to_owned());
    let secret = ClientSecret::new(CLIENT_SECRET.to_owned());
    let client = CoreClient::from_provider_metadata(metadata, id, Some(secret));
    let request = client.exchange_client_credentials().unwrap();
    let request = request.add_scope(Scope::new(scope.to_owned()));
    request.request_async(&http).await.unwrap().access_token().secret().clone()
}

#[actix_web::test]
async fn a_user_who_signs_in_at_the_provider_may_call_the_api_with_the_access_token_alone() {
    let world = World::new();
    let (access, id_token) = sign_in(&world, "orders:read").await;
    assert_eq!(world.call(&access).await, (200, "ada".to_owned()));
    // The ID token has the client as audience, and another type.
    assert_eq!(world.call(&id_token).await.0, 401);
    let (access, _) = sign_in(&world, "orders:write").await;
    assert_eq!(world.call(&access).await.0, 403);
}

#[actix_web::test]
async fn a_client_may_call_the_api_for_itself() {
    let world = World::new();
    let access = client_credentials(&world, "orders:read").await;
    assert_eq!(world.call(&access).await, (200, CLIENT_ID.to_owned()));
}

#[actix_web::test]
async fn the_provider_changes_its_keys_and_nobody_notices_but_tokens_of_withdrawn_ones() {
    let world = World::new();
    let (first, _) = sign_in(&world, "orders:read").await;
    assert_eq!(world.call(&first).await.0, 200);
    world.clock.advance(Duration::from_secs(2));
    world.provider.rotate_to(Issuer::es256().kid("second").clock(world.clock.clone()));
    let (second, _) = sign_in(&world, "orders:read").await;
    assert_eq!(world.call(&second).await.0, 200);
    assert_eq!(world.call(&first).await.0, 200);
    world.provider.withdraw_old_keys();
    world.clock.advance(Duration::from_secs(11 * 60));
    assert_eq!(world.call(&first).await.0, 401);
    assert_eq!(world.call(&second).await.0, 200);
}
