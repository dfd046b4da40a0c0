//! API keys in a file that changes, and key stores that fail.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use actix_web::{HttpResponse, get, web};
use secure_runtime::authentication::api_key::{
    ApiKey, ApiKeys, FileKeyStore, GeneratedKey, KeyRecord, KeyStore, Lookup, StoreFault,
};
use secure_runtime::testing::FakeClock;
use secure_runtime::{Clock, Moment, Principal, Security, secure};
use secure_tests::TestServer;

use crate::Runs;

#[secure]
#[get("/stock")]
async fn stock(runs: web::Data<Runs>) -> HttpResponse {
    runs.count();
    HttpResponse::Ok().finish()
}

fn key(owner: &str) -> GeneratedKey {
    ApiKey::generate("shop_test", Principal::builder(owner)).unwrap()
}

struct World {
    clock: FakeClock,
    server: TestServer,
    runs: Runs,
}

impl World {
    fn new(store: impl KeyStore) -> Self {
        let (clock, runs) = (FakeClock::new(), Runs::default());
        let keys = ApiKeys::new(store).store_timeout(Duration::from_millis(50));
        let builder = Security::builder().answers_for(module_path!()).clock(clock.clone());
        let security = builder.authenticator("api_key", keys).build().unwrap();
        let data = web::Data::new(runs.clone());
        let server = TestServer::start(&security, move || {
            secure_runtime::scope("").app_data(data.clone()).service(stock)
        });
        Self { clock, server, runs }
    }

    /// The status, which shows whether the handler ran.
    async fn status(&self, key: &GeneratedKey) -> u16 {
        self.runs.reset();
        let answer = self.server.get("/stock", &[&format!("x-api-key: {}", key.expose())]).await;
        assert_eq!(self.runs.so_far(), usize::from(answer.status == 200), "{answer:?}");
        if answer.status == 503 {
            answer.problem(503);
            assert_eq!(answer.header("www-authenticate"), None);
            assert!(!answer.body.contains("keys"), "tells too much: {answer:?}");
        }
        answer.status
    }

    fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }
}

/// A file of keys, removed when the test ends.
struct KeyFile(PathBuf);

impl KeyFile {
    fn new(name: &str, records: &[KeyRecord]) -> Self {
        let name = format!("served-keys-{name}-{}.json", std::process::id());
        let file = Self(std::env::temp_dir().join(name));
        file.hold(records);
        file
    }

    /// Replaces the file as an operator should: a new file is renamed.
    fn hold(&self, records: &[KeyRecord]) {
        let records: Vec<String> = records.iter().map(KeyRecord::to_json).collect();
        self.write(&format!("{{\"keys\":[{}]}}", records.join(",")));
    }

    fn write(&self, text: &str) {
        let beside = self.0.with_extension("new");
        fs::write(&beside, text).unwrap();
        fs::rename(beside, &self.0).unwrap();
    }
}

impl Drop for KeyFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

#[actix_web::test]
async fn a_replaced_file_counts_after_ten_seconds_and_last_uses_survive() {
    let (ada, grace) = (key("ada"), key("grace"));
    let file = KeyFile::new("replaced", &[ada.record()]);
    let store = FileKeyStore::new(&file.0);
    let world = World::new(store.clone());
    let begin = world.clock.now().unix_seconds();
    assert_eq!((world.status(&ada).await, world.status(&grace).await), (200, 401));

    file.hold(&[ada.record(), grace.record()]);
    world.pass(9);
    assert_eq!(world.status(&grace).await, 401);
    // There was no request for more than twice the interval: the next one waits for the file.
    world.pass(12);
    assert_eq!((world.status(&ada).await, world.status(&grace).await), (200, 200));
    let uses: Vec<_> = store.list().iter().map(KeyRecord::last_used).collect();
    assert_eq!(uses, [begin, begin + 21].map(|at| Some(secure_tests::unix(at))));

    file.hold(&[grace.record()]);
    world.pass(3600);
    assert_eq!((world.status(&ada).await, world.status(&grace).await), (401, 200));
}

#[actix_web::test]
async fn under_load_a_removed_key_is_refused_soon_after_the_interval() {
    let (ada, grace) = (key("ada"), key("grace"));
    let file = KeyFile::new("busy", &[ada.record(), grace.record()]);
    let world = World::new(FileKeyStore::new(&file.0));
    file.hold(&[grace.record()]);
    world.pass(10);
    // The first request starts reading the file; in the meantime the old keys are used.
    let mut statuses = Vec::new();
    for _ in 0..1000 {
        assert_eq!(world.status(&grace).await, 200);
        statuses.push(world.status(&ada).await);
        if statuses.ends_with(&[401]) {
            break;
        }
    }
    assert_eq!(statuses.last(), Some(&401), "{statuses:?}");
}

#[actix_web::test]
async fn the_last_good_file_serves_for_an_hour_while_the_new_one_is_broken() {
    let (ada, grace) = (key("ada"), key("grace"));
    for broken in [
        "",
        "{}",
        "{\"keys\":[",
        "{\"keys\":[{}]}",
        &format!("{{\"keys\":[{},7]}}", grace.record().to_json()),
        &grace.record().to_json().replace("owner", "Owner"),
    ] {
        let file = KeyFile::new("broken", &[ada.record()]);
        let world = World::new(FileKeyStore::new(&file.0));
        assert_eq!(world.status(&ada).await, 200);
        file.write(broken);
        for _ in 0..6 {
            world.pass(599);
            assert_eq!((world.status(&ada).await, world.status(&grace).await), (200, 401));
        }
        world.pass(6);
        assert_eq!((world.status(&ada).await, world.status(&grace).await), (503, 503));
        // The response came at once, while the file may still be read; the next requests wait for it.
        world.pass(64);
        assert_eq!((world.status(&ada).await, world.status(&grace).await), (503, 503));
        file.hold(&[grace.record()]);
        world.pass(64);
        assert_eq!((world.status(&ada).await, world.status(&grace).await), (401, 200));
    }
}

#[actix_web::test]
async fn a_file_that_is_gone_serves_for_as_long_as_was_said() {
    let ada = key("ada");
    let file = KeyFile::new("gone", &[ada.record()]);
    let store = FileKeyStore::new(&file.0);
    let store = store.refresh_every(Duration::from_secs(1)).keys_last(Duration::from_secs(30));
    let world = World::new(store);
    assert_eq!(world.status(&ada).await, 200);
    fs::remove_file(&file.0).unwrap();
    world.pass(29);
    assert_eq!(world.status(&ada).await, 200);
    world.pass(1);
    assert_eq!(world.status(&ada).await, 503);
}

/// The possible faults of a store.
#[derive(Clone, Copy)]
enum Failing {
    Fault,
    Panic,
    LateFault,
    LatePanic,
    Never,
}

impl KeyStore for Failing {
    fn find(&self, _: &str, _: Moment) -> Lookup {
        let fault = || Err(StoreFault::new("the database of keys is down"));
        match self {
            Self::Fault => Lookup::Ready(fault()),
            Self::Panic => panic!("the store of keys panics"),
            Self::LateFault => Lookup::Pending(Box::pin(async move { fault() })),
            Self::LatePanic => Lookup::Pending(Box::pin(async { panic!("it panics later") })),
            Self::Never => Lookup::Pending(Box::pin(std::future::pending())),
        }
    }
}

#[actix_web::test]
async fn a_store_that_fails_lets_nobody_in() {
    use Failing::{Fault, LateFault, LatePanic, Never, Panic};

    let ada = key("ada");
    for store in [Fault, Panic, LateFault, LatePanic, Never] {
        let world = World::new(store);
        assert_eq!(world.status(&ada).await, 503);
        // Text that is not a key is refused without the store.
        let answer = world.server.get("/stock", &["x-api-key: x"]).await;
        answer.problem(401);
    }
}

/// A store that answers from memory, after a while.
struct Late(KeyRecord);

impl KeyStore for Late {
    fn find(&self, id: &str, _: Moment) -> Lookup {
        let found = (self.0.id() == id).then(|| self.0.clone());
        Lookup::Pending(Box::pin(async move {
            actix_web::rt::task::yield_now().await;
            Ok(found)
        }))
    }
}

#[actix_web::test]
async fn a_store_that_answers_later_lets_in_who_may() {
    let (ada, grace) = (key("ada"), key("grace"));
    let world = World::new(Late(ada.record()));
    assert_eq!((world.status(&ada).await, world.status(&grace).await), (200, 401));
}
