//! API keys over HTTP: refusals, granted permissions, and rotation.

use std::time::Duration;

use actix_web::{HttpResponse, get, web};
use secure_runtime::authentication::api_key::{
    ApiKey, ApiKeys, FileKeyStore, GeneratedKey, KeyHash, KeyRecord, MemoryKeyStore, Rotation,
};
use secure_runtime::testing::FakeClock;
use secure_runtime::{Clock, Principal, PrincipalBuilder, Security, secure};
use secure_tests::{Answer, TestServer, bearer, unix};

use crate::Runs;

#[secure(scopes = "orders:read")]
#[get("/orders")]
async fn orders(runs: web::Data<Runs>, caller: Principal) -> String {
    runs.count();
    caller.subject().to_owned()
}

#[secure(roles = "admin")]
#[get("/admin")]
async fn admin(runs: web::Data<Runs>) -> HttpResponse {
    runs.count();
    HttpResponse::Ok().finish()
}

#[secure(scopes = "orders:read", rate = "2/h")]
#[get("/limited")]
async fn limited() -> HttpResponse {
    HttpResponse::Ok().finish()
}

/// The module of the endpoints for which these securities are built.
pub(super) const SERVED: &str = module_path!();

pub(super) fn billing() -> PrincipalBuilder {
    Principal::builder("billing").scope("orders:read")
}

pub(super) fn key(principal: PrincipalBuilder) -> GeneratedKey {
    ApiKey::generate("shop", principal).unwrap()
}

pub(super) fn header(key: &str) -> String {
    format!("x-api-key: {key}")
}

/// A service whose only authenticator is a store of API keys in memory.
pub(super) struct World {
    store: MemoryKeyStore,
    clock: FakeClock,
    pub(super) server: TestServer,
    pub(super) runs: Runs,
}

impl World {
    fn new() -> Self {
        Self::with(|keys| keys)
    }

    pub(super) fn with(adapt: impl FnOnce(ApiKeys) -> ApiKeys) -> Self {
        let (store, clock, runs) = (MemoryKeyStore::new(), FakeClock::new(), Runs::default());
        let security = Security::builder()
            .answers_for(SERVED)
            .clock(clock.clone())
            .authenticator("api_key", adapt(ApiKeys::new(store.clone())))
            .build()
            .unwrap();
        let server = serve(&security, &runs);
        Self { store, clock, server, runs }
    }

    /// A key that is in the store.
    pub(super) fn added(&self, principal: PrincipalBuilder) -> GeneratedKey {
        let key = key(principal);
        self.store.add(key.record()).unwrap();
        key
    }

    fn now(&self) -> u64 {
        self.clock.now().unix_seconds()
    }

    /// Asserts that the request is refused without running the handler; returns the challenge.
    pub(super) async fn refuses(&self, status: u16, headers: &[&str]) -> String {
        self.runs.reset();
        let answer = self.server.get("/orders", headers).await;
        answer.problem(status);
        assert_eq!(self.runs.so_far(), 0, "{headers:?}");
        assert!(!answer.body.to_lowercase().contains("key"), "tells too much: {}", answer.body);
        answer.header("www-authenticate").unwrap().to_owned()
    }

    pub(super) async fn accepts(&self, headers: &[&str]) {
        self.runs.reset();
        let answer = self.server.get("/orders", headers).await;
        assert_eq!((answer.status, &*answer.body), (200, "billing"), "{headers:?}");
        assert_eq!(self.runs.so_far(), 1);
    }
}

pub(super) fn serve(security: &Security, runs: &Runs) -> TestServer {
    let data = web::Data::new(runs.clone());
    TestServer::start(security, move || {
        let data = data.clone();
        secure_runtime::scope("").app_data(data).service(orders).service(admin).service(limited)
    })
}

#[actix_web::test]
async fn every_fault_is_refused_with_the_challenge_and_without_running_the_handler() {
    let world = World::new();
    let good = world.added(billing());
    let good = good.expose();
    let (start, end) = good.split_at(good.len() - 1);
    let last = if end == "0" { "1" } else { "0" };
    let expired = world.added(billing().expires_at(unix(world.now() - 1)));
    let ending = world.added(billing().expires_at(unix(world.now())));
    let revoked = world.added(billing());
    world.store.revoke(revoked.record().id()).unwrap();
    let wrong_secret = key(billing());
    let hash = KeyHash::from_bytes([7; 32]);
    world.store.add(KeyRecord::new(wrong_secret.record().id(), hash, billing()).unwrap()).unwrap();
    let no_hash = key(billing());
    let hash = KeyHash::from_bytes([0; 32]);
    world.store.add(KeyRecord::new(no_hash.record().id(), hash, billing()).unwrap()).unwrap();

    let challenge = r#"ApiKey realm="api", header="x-api-key""#;
    for (fault, value) in [
        ("an unknown id", key(billing()).expose()),
        ("a wrong secret", wrong_secret.expose()),
        ("a record without a hash", no_hash.expose()),
        ("an expired key", expired.expose()),
        ("a key that expires now", ending.expose()),
        ("a revoked key", revoked.expose()),
        ("a wrong checksum", &format!("{start}{last}")),
        ("a key without its end", start),
        ("a key and more", &format!("{good}0")),
        ("the id alone", good.rsplit_once('_').unwrap().0),
        ("the secret alone", good.rsplit_once('_').unwrap().1),
        ("upper case", &good.to_uppercase()),
        ("lower case", &good.to_lowercase()),
        ("another prefix", &good.replacen("shop", "shoq", 1)),
        ("a scheme before it", &format!("Bearer {good}")),
        ("quotes around it", &format!("\"{good}\"")),
        ("two keys in one line", &format!("{good}, {good}")),
        ("a tab in it", &good.replacen('_', "\t", 1)),
        ("no key at all", "x"),
        ("a hash", &"0".repeat(64)),
        ("30 kB", &"shop_".repeat(6000)),
    ] {
        let found = world.refuses(401, &[&header(value)]).await;
        assert_eq!(found, challenge, "{fault}");
    }
    for headers in [
        &[header("")][..],
        &[header(good), header(good)],
        &[header(good), header("x")],
        &[header("x"), header(good)],
        &[header(""), header(good)],
    ] {
        let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
        assert_eq!(world.refuses(400, &headers).await, challenge);
    }
    // Text outside the expected place is not a key.
    for elsewhere in [
        bearer(good),
        format!("authorization: ApiKey {good}"),
        format!("cookie: x-api-key={good}"),
        format!("api-key: {good}"),
    ] {
        assert_eq!(world.refuses(401, &[&elsewhere]).await, challenge);
    }
    for query in [format!("/orders?x-api-key={good}"), format!("/orders?api_key={good}")] {
        world.server.get(&query, &[]).await.problem(401);
    }
    assert_eq!(world.runs.so_far(), 0);
    world.accepts(&[&header(good)]).await;
    world.accepts(&[&format!("X-API-KEY:  {good}  ")]).await;
}

#[actix_web::test]
async fn bytes_that_are_no_text_are_no_key() {
    let world = World::new();
    let key = world.added(billing());
    let status = async |value: &[u8]| {
        let request =
            [b"GET /orders HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-api-key: ", value];
        let answer = world.server.raw([&request.concat()[..], b"\r\n\r\n"].concat()).await;
        answer.get(9..12).unwrap_or_default().to_owned()
    };
    let good = key.expose().as_bytes();
    assert_eq!(status(good).await, "200");
    for place in 0..good.len() {
        let mut changed = good.to_vec();
        changed[place] = 0xe9;
        assert_eq!(status(&changed).await, "401");
    }
    assert_eq!(status(&[good, b"\r\n folded"].concat()).await, "400");
    assert_eq!(status(&[good, b"\0"].concat()).await, "400");
}

#[actix_web::test]
async fn a_key_grants_what_its_record_says() {
    let world = World::new();
    let reader = world.added(billing());
    let writer = world.added(Principal::builder("billing").scope("orders:write"));
    let root = world.added(billing().role("admin"));
    world.accepts(&[&header(reader.expose())]).await;
    let answer = world.server.get("/orders", &[&header(writer.expose())]).await;
    answer.problem(403);
    // `error="insufficient_scope"` is only defined for bearer tokens.
    assert_eq!(answer.header("www-authenticate"), None);
    world.server.get("/admin", &[&header(reader.expose())]).await.problem(403);
    assert_eq!(world.server.get("/admin", &[&header(root.expose())]).await.status, 200);
}

#[actix_web::test]
async fn a_key_is_rotated_with_an_overlap_and_revoked_at_once() {
    let world = World::new();
    let old = world.added(billing());
    let id = old.record().id().to_owned();
    let rotation = Rotation::old_until(unix(world.now() + 3600));
    let new = world.store.rotate(&id, rotation).unwrap();
    world.accepts(&[&header(old.expose())]).await;
    world.accepts(&[&header(new.expose())]).await;
    world.clock.advance(Duration::from_secs(3600));
    world.refuses(401, &[&header(old.expose())]).await;
    world.accepts(&[&header(new.expose())]).await;
    // The operator can see which key is still in use.
    let used = |id: &str| world.store.record(id).unwrap().last_used();
    assert_eq!(used(&id), Some(unix(world.now() - 3600)));
    assert_eq!(used(new.record().id()), Some(unix(world.now())));
    world.store.revoke(new.record().id()).unwrap();
    world.refuses(401, &[&header(new.expose())]).await;
}

#[actix_web::test]
async fn all_keys_of_an_owner_are_revoked_at_once() {
    let world = World::new();
    let (first, second) = (world.added(billing()), world.added(billing()));
    let other = world.added(Principal::builder("shipping").scope("orders:read"));
    let status = async |key: &GeneratedKey| {
        world.server.get("/orders", &[&header(key.expose())]).await.status
    };
    for key in [&first, &second, &other] {
        assert_eq!(status(key).await, 200);
    }
    assert_eq!(world.store.revoke_owner("billing").len(), 2);
    world.refuses(401, &[&header(first.expose())]).await;
    world.refuses(401, &[&header(second.expose())]).await;
    assert_eq!(status(&other).await, 200);
}

#[actix_web::test]
async fn no_good_request_fails_while_keys_are_rotated() {
    let world = World::new();
    let mut current = world.added(billing());
    for _ in 0..20 {
        let old = current;
        let (line, id) = (header(old.expose()), old.record().id().to_owned());
        let headers = [line.as_str()];
        let requests = (0..10).map(|_| world.server.get("/orders", &headers));
        let rotate = async {
            let rotation = Rotation::old_until(unix(world.now() + 60));
            world.store.rotate(&id, rotation).unwrap()
        };
        let (answers, new) =
            futures_util::future::join(futures_util::future::join_all(requests), rotate).await;
        assert!(answers.iter().all(|answer: &Answer| answer.status == 200));
        current = new;
        world.accepts(&[&header(current.expose())]).await;
    }
    assert_eq!(world.store.list().len(), 21);
}

#[actix_web::test]
async fn keys_of_one_owner_share_the_limit() {
    let world = World::new();
    let (one, other) = (world.added(billing()), world.added(billing()));
    let stranger = world.added(Principal::builder("shipping").scope("orders:read"));
    let status = async |key: &GeneratedKey| {
        world.server.get("/limited", &[&header(key.expose())]).await.status
    };
    assert_eq!((status(&one).await, status(&other).await), (200, 200));
    assert_eq!((status(&one).await, status(&other).await), (429, 429));
    assert_eq!(status(&stranger).await, 200);
}

#[test]
fn everything_that_is_wrong_with_the_description_is_told_at_launch() {
    let faults = |keys: ApiKeys| {
        let builder = Security::builder().answers_for(SERVED).authenticator("api_key", keys);
        builder.build().err().map(|error| error.to_string()).unwrap_or_default()
    };
    let good = || ApiKeys::new(MemoryKeyStore::new());
    assert_eq!(faults(good()), "");
    assert_eq!(faults(good().header("X-Shop-Key").dangerously_from_query("key")), "");
    for (keys, expected) in [
        (good().header("x api key"), "has not the name of a header"),
        (good().header(""), "has not the name of a header"),
        (good().header("Authorization"), "say which with `.authorization(…)`"),
        (good().header("Cookie"), "is sent by browsers on their own"),
        (good().authorization("Api Key"), "is not the name of a scheme"),
        (good().authorization(""), "is not the name of a scheme"),
        (good().dangerously_from_query("api key"), "has other characters"),
        (good().dangerously_from_query(""), "has other characters"),
        (good().store_timeout(Duration::ZERO), "expected more than none"),
        (good().store_timeout(Duration::from_secs(61)), "at most a minute"),
        (ApiKeys::new(FileKeyStore::new("/nowhere.json")), "`/nowhere.json`: cannot be read"),
    ] {
        let found = faults(keys);
        assert!(
            found.contains(expected) && found.contains("has 1 fault"),
            "{expected} in: {found}"
        );
    }
    let bad =
        ApiKeys::new(FileKeyStore::new("/nowhere.json")).header("").dangerously_from_query("&");
    let found = faults(bad);
    assert!(found.contains("has 3 faults"), "{found}");
}
