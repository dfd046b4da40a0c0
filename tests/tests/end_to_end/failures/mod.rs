//! Failure budgets: a client with too many failures is refused before its credentials are checked; other
//! clients are not affected.

mod changes;
mod credentials;
mod default;
mod modes;
mod responses;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use secure_runtime::authentication::api_key::{ApiKey, ApiKeys, GeneratedKey, MemoryKeyStore};
use secure_runtime::authentication::{
    Attempt, Authenticator, Capabilities, Challenge, ConfigurationErrors, IntoAuthenticator,
    Presented, Refusal,
};
use secure_runtime::testing::{FakeClock, Issuer};
use secure_runtime::{
    Denial, DenialKind, Moment, Principal, RequestHead, Security, SecurityBuilder, TrustedProxies,
    claim_account, secure,
};
use secure_tests::{Answer, TestServer, bearer};

use crate::Runs;

#[secure(failures = "3/min")]
#[get("/orders")]
async fn orders(runs: web::Data<Runs>, caller: Principal) -> String {
    runs.count();
    caller.subject().to_owned()
}

/// With only the default budget.
#[secure]
#[get("/plain")]
async fn plain(caller: Principal) -> String {
    caller.subject().to_owned()
}

#[secure(roles = "admin", failures("3/min", on = [403]))]
#[get("/admin")]
async fn admin(runs: web::Data<Runs>) -> HttpResponse {
    runs.count();
    HttpResponse::Ok().finish()
}

#[secure(roles = "admin", hide, failures = "3/min")]
#[get("/hidden")]
async fn hidden() -> HttpResponse {
    HttpResponse::Ok().finish()
}

#[secure(fresh = "5m", failures = "3/min")]
#[get("/fresh")]
async fn fresh() -> HttpResponse {
    HttpResponse::Ok().finish()
}

/// The handler itself chooses the status.
#[secure(public, objects = any, failures("3/min", on = [401, 422]))]
#[get("/answers/{status}")]
async fn answers(runs: web::Data<Runs>, status: web::Path<u16>) -> HttpResponse {
    runs.count();
    HttpResponse::build(status.into_inner().try_into().unwrap()).finish()
}

/// The outcome is in the path, so that the tests are easy to read.
#[secure(public, objects = any, failures = "3/min", rate("1000/min", by = address))]
#[post("/login/{name}/{said}")]
async fn login(
    request: HttpRequest,
    runs: web::Data<Runs>,
    path: web::Path<(String, String)>,
) -> Result<&'static str, Denial> {
    let (name, said) = path.into_inner();
    claim_account(&request, &name)?;
    runs.count();
    if said == "right" {
        Ok("welcome")
    } else {
        Err(Denial::new(DenialKind::Unauthenticated, "wrong"))
    }
}

/// Answers that the password is wrong, once the doors are open.
#[secure(public, objects = any, failures = "3/min", rate("1000/min", by = address))]
#[post("/slow/{name}")]
async fn slow(
    request: HttpRequest,
    (runs, doors): (web::Data<Runs>, web::Data<Doors>),
    name: web::Path<String>,
) -> Result<&'static str, Denial> {
    claim_account(&request, &name)?;
    runs.count();
    while !doors.0.load(Ordering::SeqCst) {
        actix_web::rt::task::yield_now().await;
    }
    Err(Denial::new(DenialKind::Unauthenticated, "wrong"))
}

#[derive(Clone, Default)]
struct Doors(Arc<AtomicBool>);

#[secure(auth = all(jwt, api_key), failures = "3/min")]
#[get("/both")]
async fn both() -> HttpResponse {
    HttpResponse::Ok().finish()
}

#[secure(rate(anonymous = "1/h", authenticated = "1000/h"), failures = "3/min")]
#[get("/limited")]
async fn limited() -> HttpResponse {
    HttpResponse::Ok().finish()
}

#[secure(auth = careless, failures = "1/min")]
#[get("/careless")]
async fn careless() -> HttpResponse {
    HttpResponse::Ok().finish()
}

/// An authenticator that panics if a method is called that is not needed.
struct Careless;

impl Authenticator for Careless {
    fn challenge(&self) -> Challenge {
        Challenge::new("Careless")
    }

    fn presented(&self, request: &RequestHead<'_>) -> Presented<'_> {
        Presented::by_header(request, "x-careless")
    }

    fn authenticate(&self, request: &RequestHead<'_>, _: Moment) -> Attempt {
        match request.header("x-careless") {
            Some(b"good") => Attempt::Accepted(Principal::builder("ada").build()),
            _ => Attempt::Refused(Refusal::invalid_token("not good")),
        }
    }

    fn remembers(&self, _: &RequestHead<'_>, _: Moment) -> bool {
        panic!("it remembers nothing")
    }

    fn claimed_id<'a>(&self, _: &RequestHead<'a>) -> Option<&'a str> {
        panic!("it knows no ids")
    }
}

#[secure(public, rate("9/min", by = address))]
#[post("/unwatched")]
async fn unwatched(request: HttpRequest) -> Result<&'static str, Denial> {
    claim_account(&request, "ada").map(|()| "nothing would count")
}

/// Counts how often credentials are checked.
struct Counted(Arc<dyn Authenticator>, Runs);

impl Authenticator for Counted {
    fn challenge(&self) -> Challenge {
        self.0.challenge()
    }

    fn presented(&self, request: &RequestHead<'_>) -> Presented<'_> {
        self.0.presented(request)
    }

    fn authenticate(&self, request: &RequestHead<'_>, now: Moment) -> Attempt {
        self.1.count();
        self.0.authenticate(request, now)
    }

    fn remembers(&self, request: &RequestHead<'_>, now: Moment) -> bool {
        self.0.remembers(request, now)
    }

    fn remembers_refusals(&self) -> bool {
        self.0.remembers_refusals()
    }

    fn claimed_id<'a>(&self, request: &RequestHead<'a>) -> Option<&'a str> {
        self.0.claimed_id(request)
    }

    fn capabilities(&self) -> Capabilities {
        self.0.capabilities()
    }
}

struct World {
    server: TestServer,
    security: Security,
    issuer: Issuer,
    store: MemoryKeyStore,
    clock: FakeClock,
    runs: Runs,
    doors: Doors,
    /// How often credentials were checked.
    judged: Runs,
}

impl World {
    /// Behind a proxy, so that a test can choose the client IP of each request.
    fn new() -> Self {
        Self::with(|builder| builder.trusted_proxies(TrustedProxies::new(["127.0.0.1"]).unwrap()))
    }

    fn with(adapt: impl FnOnce(SecurityBuilder) -> SecurityBuilder) -> Self {
        let (clock, runs, judged) = (FakeClock::new(), Runs::default(), Runs::default());
        let issuer = Issuer::hs256().clock(clock.clone());
        let store = MemoryKeyStore::new();
        let counted = |it: Result<Arc<dyn Authenticator>, ConfigurationErrors>| {
            Counted(it.unwrap(), judged.clone())
        };
        let builder = Security::builder()
            .answers_for(module_path!())
            .clock(clock.clone())
            .authenticator("jwt", counted(issuer.jwt().into_authenticator()))
            .authenticator("api_key", counted(ApiKeys::new(store.clone()).into_authenticator()))
            .named_authenticator("careless", Careless);
        let security = adapt(builder).build().unwrap();
        let (data, doors) = (web::Data::new(runs.clone()), Doors::default());
        let shared = web::Data::new(doors.clone());
        let server = TestServer::start(&security, move || {
            secure_runtime::scope("")
                .app_data(data.clone())
                .app_data(shared.clone())
                .service(orders)
                .service(plain)
                .service(admin)
                .service(hidden)
                .service(fresh)
                .service(answers)
                .service(login)
                .service(slow)
                .service(both)
                .service(limited)
                .service(careless)
                .service(unwatched)
                .service(modes::tried)
                .service(modes::tried_login)
                .service(modes::some)
                .service(modes::some_requests)
                .service(modes::strict)
                .service(modes::trial)
                .service(changes::changing)
        });
        Self { server, security, issuer, store, clock, runs, doors, judged }
    }

    async fn get(&self, path: &str, from: &str, credentials: &str) -> Answer {
        let from = format!("x-forwarded-for: {from}");
        let headers: Vec<&str> =
            [&*from, credentials].into_iter().filter(|line| !line.is_empty()).collect();
        self.server.get(path, &headers).await
    }

    async fn statuses(&self, path: &str, from: &str, credentials: &[String]) -> Vec<u16> {
        let mut statuses = Vec::new();
        for line in credentials {
            statuses.push(self.get(path, from, line).await.status);
        }
        statuses
    }

    async fn logs_in(&self, from: &str, name: &str, said: &str) -> Answer {
        let from = format!("x-forwarded-for: {from}");
        self.server.send("POST", &format!("/login/{name}/{said}"), &[&from], "").await
    }

    /// A key that is in the store.
    fn key(&self, subject: &str) -> GeneratedKey {
        let key = ApiKey::generate("shop", Principal::builder(subject)).unwrap();
        self.store.add(key.record()).unwrap();
        key
    }

    fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    /// Tokens with different signatures, all of them invalid.
    fn forged(&self, count: usize) -> Vec<String> {
        let other =
            Issuer::hs256_with("the secret of somebody else entirely").clock(self.clock.clone());
        (0..count).map(|number| bearer(&other.token(format!("m{number}")).sign())).collect()
    }
}

/// A key with this id, but with another secret.
fn guess(id: &str, number: usize) -> String {
    let secret = format!("{number:030}");
    let signed = format!("{id}_{secret}");
    let mut sum = crc32(signed.as_bytes());
    let alphabet = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut digits = [0; 6];
    for digit in digits.iter_mut().rev() {
        *digit = alphabet[sum as usize % 62];
        sum /= 62;
    }
    format!("x-api-key: {signed}{}", std::str::from_utf8(&digits).unwrap())
}

/// The CRC-32 of IEEE 802.3, bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| {
            (sum >> 1) ^ (0xedb8_8320 & (sum & 1).wrapping_neg())
        })
    })
}

fn guesses(id: &str, count: usize) -> Vec<String> {
    (0..count).map(|number| guess(id, number)).collect()
}

fn header(key: &GeneratedKey) -> String {
    format!("x-api-key: {}", key.expose())
}

/// The module of these endpoints.
const NAME: &str = module_path!();

const HERE: &str = "203.0.113.1";
const ELSEWHERE: &str = "203.0.113.2";
