//! Tests of the stores and the authenticator of API keys, without a server.

use std::fs;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::authentication::{Attempt, Authenticator, IntoAuthenticator, RefusalCode, Verdict};
use crate::principal::{Principal, PrincipalBuilder};
use crate::support::time::{Clock, Moment};
use crate::support::unix_time::system_time;
use crate::testing::{FakeClock, authenticate};

fn billing() -> PrincipalBuilder {
    Principal::builder("billing").role("reader").scope("orders:read")
}

fn generated(principal: PrincipalBuilder) -> GeneratedKey {
    ApiKey::generate("shop", principal).unwrap()
}

/// Who is accepted with these header lines, or the cause of the refusal.
fn ask(
    authenticator: &dyn Authenticator,
    headers: &[(&str, &str)],
    now: Moment,
) -> Result<String, String> {
    match authenticate(authenticator, headers, now) {
        Attempt::Absent => Err("absent".to_owned()),
        Attempt::Accepted(principal) => Ok(principal.subject().to_owned()),
        Attempt::Refused(refusal) => Err(refusal.cause().to_owned()),
        Attempt::Pending(_) => Err("pending".to_owned()),
    }
}

fn checked(keys: ApiKeys) -> Arc<dyn Authenticator> {
    keys.into_authenticator().unwrap_or_else(|faults| panic!("{faults:?}"))
}

#[test]
fn an_attempt_is_shown_without_the_credentials() {
    let store = MemoryKeyStore::new();
    let key = generated(billing());
    store.add(key.record()).unwrap();
    let authenticator = checked(ApiKeys::new(store));
    let now = FakeClock::new().now();
    let shown =
        |headers: &[(&str, &str)]| format!("{:?}", authenticate(&*authenticator, headers, now));
    assert_eq!(shown(&[]), "Absent");
    let accepted = shown(&[("x-api-key", key.expose())]);
    assert!(accepted.starts_with("Accepted(") && !accepted.contains(key.expose()));
}

#[test]
fn a_key_is_good_until_the_second_in_which_it_ends() {
    let clock = FakeClock::new();
    let end = clock.now().unix_seconds() + 60;
    let store = MemoryKeyStore::new();
    let key = generated(billing().expires_at_unix(end));
    store.add(key.record()).unwrap();
    let authenticator = checked(ApiKeys::new(store));
    let present = || ask(&*authenticator, &[("x-api-key", key.expose())], clock.now());
    assert_eq!(present(), Ok("billing".to_owned()));
    clock.advance(Duration::from_nanos(59_999_999_999));
    assert_eq!(present(), Ok("billing".to_owned()));
    clock.advance(Duration::from_nanos(1));
    assert_eq!(present(), Err("the API key has expired".to_owned()));
    clock.jump_wall(-1);
    assert_eq!(present(), Ok("billing".to_owned()));
    clock.set_wall(system_time(u64::MAX / 1_000_000_000));
    assert_eq!(present(), Err("the API key has expired".to_owned()));
}

#[test]
fn another_keys_record_or_hash_is_of_no_use() {
    let now = FakeClock::new().now();
    let (one, other) = (generated(billing()), generated(Principal::builder("mallory")));
    let store = MemoryKeyStore::new();
    // Somebody put the hash of a key of their own beside another one's id.
    let crossed = KeyRecord::new(one.record().id(), *other.record().hash(), billing()).unwrap();
    store.add(crossed).unwrap();
    let authenticator = checked(ApiKeys::new(store.clone()));
    let wrong = Err("the secret of the API key is wrong".to_owned());
    assert_eq!(ask(&*authenticator, &[("x-api-key", one.expose())], now), wrong);
    let unknown = Err("no API key has this id".to_owned());
    assert_eq!(ask(&*authenticator, &[("x-api-key", other.expose())], now), unknown);
    store.add(other.record()).unwrap();
    let accepted = Ok("mallory".to_owned());
    assert_eq!(ask(&*authenticator, &[("x-api-key", other.expose())], now), accepted);
}

/// Counts how often it is told of a use; answers in whatever way a test wants.
#[derive(Default)]
struct Told {
    record: Mutex<Option<KeyRecord>>,
    asked: AtomicUsize,
    uses: AtomicUsize,
}

impl KeyStore for Told {
    fn find(&self, _: &str, _: Moment) -> Lookup {
        self.asked.fetch_add(1, Ordering::Relaxed);
        Lookup::Ready(Ok(self.record.lock().unwrap().clone()))
    }

    fn used(&self, _: &KeyRecord, _: Moment) {
        self.uses.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn a_use_is_noted_once_a_minute_and_only_if_accepted() {
    let clock = FakeClock::new();
    let key = generated(billing());
    let store = Arc::new(Told { record: Mutex::new(Some(key.record())), ..Told::default() });
    let authenticator = checked(ApiKeys::new(Arc::clone(&store)));
    let present = |key: &str| ask(&*authenticator, &[("x-api-key", key)], clock.now()).is_ok();
    let uses = || (store.uses.load(Ordering::Relaxed), key.record().last_used_unix());
    let begin = clock.now().unix_seconds();
    let wrong = generated(Principal::builder("mallory"));
    assert!(!present(wrong.expose()));
    assert_eq!(uses(), (0, None));
    assert!(present(key.expose()) && present(key.expose()));
    assert_eq!(uses(), (1, Some(begin)));
    clock.advance(Duration::from_secs(59));
    assert!(present(key.expose()));
    assert_eq!(uses(), (1, Some(begin)));
    clock.advance(Duration::from_secs(1));
    assert!(present(key.expose()) && present(key.expose()));
    assert_eq!(uses(), (2, Some(begin + 60)));
    // A clock that was ahead does not silence the note for long.
    clock.jump_wall(-3600);
    assert!(present(key.expose()));
    assert_eq!(uses(), (3, Some(begin + 60 - 3600)));
}

#[test]
fn no_store_is_asked_about_what_is_no_key() {
    let now = FakeClock::new().now();
    let key = generated(billing());
    let store = Arc::new(Told { record: Mutex::new(Some(key.record())), ..Told::default() });
    let authenticator = checked(ApiKeys::new(Arc::clone(&store)));
    let typo = key.expose().replacen(|digit: char| digit.is_ascii_digit(), "x", 1) + "y";
    for bad in ["", "x", &typo, &"a".repeat(100_000), &key.expose().to_uppercase()] {
        assert!(ask(&*authenticator, &[("x-api-key", bad)], now).is_err(), "{bad}");
    }
    assert_eq!(store.asked.load(Ordering::Relaxed), 0);
    assert!(ask(&*authenticator, &[("x-api-key", key.expose())], now).is_ok());
    assert_eq!(store.asked.load(Ordering::Relaxed), 1);
}

struct Slow(Option<Result<KeyRecord, &'static str>>);

impl KeyStore for Slow {
    fn find(&self, _: &str, _: Moment) -> Lookup {
        match self.0.clone() {
            Some(answer) => Lookup::Pending(Box::pin(async move {
                tokio::task::yield_now().await;
                answer.map(Some).map_err(StoreFault::new)
            })),
            None => Lookup::Pending(Box::pin(std::future::pending())),
        }
    }
}

#[actix_web::test]
async fn a_store_that_must_wait_is_waited_for_and_not_for_ever() {
    let now = FakeClock::new().now();
    let key = generated(billing());
    let verdict = async |answer, key: &str| {
        let patience = Duration::from_millis(20);
        let authenticator = checked(ApiKeys::new(Slow(answer)).store_timeout(patience));
        match authenticate(&*authenticator, &[("x-api-key", key)], now) {
            Attempt::Pending(answer) => match answer.await {
                Verdict::Accepted(principal) => Ok(principal.subject().to_owned()),
                Verdict::Refused(refusal) => Err(refusal.code()),
            },
            _ => panic!("answered at once"),
        }
    };
    let right = Some(Ok(key.record()));
    assert_eq!(verdict(right.clone(), key.expose()).await, Ok("billing".to_owned()));
    let other = generated(billing());
    assert_eq!(verdict(right, other.expose()).await, Err(RefusalCode::InvalidToken));
    let ended = Some(Ok(key.record().ending(0)));
    assert_eq!(verdict(ended, key.expose()).await, Err(RefusalCode::InvalidToken));
    let down = Some(Err("the database is down"));
    assert_eq!(verdict(down, key.expose()).await, Err(RefusalCode::Unavailable));
    assert_eq!(verdict(None, key.expose()).await, Err(RefusalCode::Unavailable));
}

#[test]
fn a_rotated_key_has_the_same_owner_and_the_old_one_ends() {
    let store = MemoryKeyStore::new();
    let old = generated(billing().tenant("acme").tier("pro").expires_at_unix(1000));
    store.add(old.record().with_last_use(system_time(7))).unwrap();
    let id = old.record().id().to_owned();
    let new = store
        .rotate(&id, Rotation::old_until(system_time(500)).new_until(system_time(9000)))
        .unwrap();
    let described = |id: &str| {
        let record = store.record(id).unwrap();
        (format!("{:?}", record.principal()), record.last_used_unix())
    };
    let expected =
        |end| format!("{:?}", billing().tenant("acme").tier("pro").expires_at_unix(end).build());
    assert_eq!(described(&id), (expected(500), Some(7)));
    assert_eq!(described(new.record().id()), (expected(9000), None));
    // An overlap never prolongs the old key.
    drop(store.rotate(&id, Rotation::old_until(system_time(2000))).unwrap());
    assert_eq!(described(&id), (expected(500), Some(7)));
    assert_eq!(store.list().len(), 3);
    assert!(store.revoke(&id).is_some() && store.revoke(&id).is_none());
    let gone = store.rotate(&id, Rotation::old_until(system_time(0)));
    assert_eq!(gone.err(), Some(KeyError::Unknown));
    assert_eq!(store.add(new.record()), Err(KeyError::Duplicate));
    assert_eq!(store.list().len(), 2);
}

#[test]
fn many_threads_add_and_revoke_without_losing_one() {
    let store = MemoryKeyStore::new();
    let add = || {
        let kept = (0..50).map(|_| generated(billing()).record());
        let kept: Vec<_> = kept.inspect(|record| store.add(record.clone()).unwrap()).collect();
        for record in kept.iter().step_by(2) {
            assert!(store.revoke(record.id()).is_some());
            assert!(store.record(record.id()).is_none());
        }
    };
    std::thread::scope(|scope| (0..4).for_each(|_| drop(scope.spawn(add))));
    assert_eq!(store.list().len(), 100);
}

#[test]
fn an_owner_whose_keys_are_revoked_keeps_none_not_even_one_that_is_made_meanwhile() {
    for _ in 0..50 {
        let store = MemoryKeyStore::new();
        let other = generated(Principal::builder("shipping"));
        store.add(other.record()).unwrap();
        let rotate = || {
            let first = generated(billing());
            store.add(first.record()).unwrap();
            let mut id = first.record().id().to_owned();
            let rotation = Rotation::old_until(system_time(u64::MAX));
            while let Ok(new) = store.rotate(&id, rotation) {
                id = new.record().id().to_owned();
            }
        };
        std::thread::scope(|scope| {
            let rotating = [0; 2].map(|_| scope.spawn(rotate));
            while rotating.iter().any(|thread| !thread.is_finished()) {
                let revoked = store.revoke_owner("billing");
                assert!(revoked.iter().all(|it| it.principal().subject() == "billing"));
            }
        });
        let left: Vec<_> = store.list().iter().map(|it| it.id().to_owned()).collect();
        assert_eq!(left, [other.record().id()]);
    }
}

/// A file that is removed when the test ends.
struct Temporary(PathBuf);

impl Temporary {
    fn new(name: &str, text: &str) -> Self {
        let name = format!("api-keys-{name}-{}.json", std::process::id());
        let file = Self(std::env::temp_dir().join(name));
        file.write(text);
        file
    }

    fn write(&self, text: &str) {
        fs::write(&self.0, text).unwrap();
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn file_of(records: &[KeyRecord]) -> String {
    let records: Vec<String> = records.iter().map(KeyRecord::to_json).collect();
    format!("{{\"keys\":[{}]}}", records.join(","))
}

#[test]
fn a_file_that_cannot_be_read_is_refused_at_launch() {
    let good = Temporary::new("launch", &file_of(&[generated(billing()).record()]));
    let faults = |store: FileKeyStore| ApiKeys::new(store).into_authenticator().err();
    let fault = |store: FileKeyStore| faults(store).map(|faults| faults.to_string());
    assert_eq!(fault(FileKeyStore::new(&good.0)), None);
    let check = |store: FileKeyStore, expected: &str| {
        let found = fault(store).unwrap_or_default();
        assert!(found.contains(expected), "{expected} in: {found}");
    };
    check(FileKeyStore::new("/nowhere/keys.json"), "cannot be read: ");
    check(FileKeyStore::new(std::env::temp_dir()), "is not a plain file");
    check(FileKeyStore::new(&good.0).refresh_every(Duration::ZERO), "expected at least a second");
    check(FileKeyStore::new(&good.0).keys_last(Duration::from_secs(5)), "no less than the former");
    let large = Temporary::new("large", &" ".repeat((16 << 20) + 1));
    check(FileKeyStore::new(&large.0), "has more than 16777216 bytes");
    let bad = Temporary::new("bad", r#"{"keys":[{"id":"x"},7]}"#);
    let faults = faults(FileKeyStore::new(&bad.0)).unwrap();
    assert_eq!(faults.iter().count(), 4, "{faults:?}");
    assert!(faults.iter().all(|it| it.message().contains("bad") && it.message().contains("key ")));
    fs::write(&bad.0, [0xff, 0xfe]).unwrap();
    check(FileKeyStore::new(&bad.0), "valid UTF-8");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(&good.0, fs::Permissions::from_mode(0o666)).unwrap();
        check(FileKeyStore::new(&good.0), "is writable for everybody");
        fs::set_permissions(&good.0, fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(fault(FileKeyStore::new(&good.0)), None);
    }
}

#[test]
fn a_store_that_was_never_checked_accepts_nobody() {
    let now = FakeClock::new().now();
    let found = FileKeyStore::new("/nowhere/keys.json").find("shop_4kPzX0aVbQ2e", now);
    assert!(matches!(found, Lookup::Ready(Err(_))));
}

proptest! {
    #[test]
    fn a_generated_key_parses_and_a_changed_one_does_not(
        prefix in "[a-z][a-z0-9]{0,7}(_[a-z0-9]{1,7}){0,2}", place: prop::sample::Index, other in "[ -~]",
    ) {
        let key = ApiKey::generate(&prefix, billing()).unwrap();
        let parsed = ApiKey::parse(key.expose()).ok().unwrap();
        prop_assert!(parsed.id().strip_prefix(&prefix).is_some_and(|rest| rest.starts_with('_')));
        let place = place.index(key.expose().len());
        let mut changed = key.expose().to_owned();
        changed.replace_range(place..=place, &other);
        let parsed = ApiKey::parse(&changed).is_ok();
        prop_assert_eq!(parsed, changed == key.expose());
    }

    #[test]
    fn what_the_pattern_finds_has_the_form_of_a_key(text in ApiKey::PATTERN) {
        let fault = ApiKey::parse(&text).err();
        prop_assert!(matches!(fault, Some(KeyFault::Checksum | KeyFault::Length)), "{text}");
    }

    #[test]
    fn a_record_is_the_same_after_a_file(
        owner in "[^\\p{Cc}]{1,20}", roles in prop::collection::vec("[^\\p{Cc}]{1,8}", 0..3),
        tenant in prop::option::of("[^\\p{Cc}]{1,8}"), end in prop::option::of(0_u64..253_402_207_200),
    ) {
        let mut principal = Principal::builder(owner).roles(roles.clone()).scopes(roles);
        principal = tenant.into_iter().fold(principal, |it, tenant| it.tenant(tenant).tier("pro"));
        principal = end.into_iter().fold(principal, |it, end| it.expires_at_unix(end));
        let record = generated(principal).record();
        let read = Document::read(&file_of(std::slice::from_ref(&record))).unwrap();
        let read = read.record(record.id()).unwrap();
        prop_assert!(read.hash().is(record.hash()));
        prop_assert_eq!(format!("{:?}", read), format!("{:?}", record));
    }

    #[test]
    fn no_text_makes_the_parsers_panic(text in "\\PC{0,90}") {
        prop_assert!(ApiKey::parse(&text).is_err());
        prop_assert!(Document::read(&text).is_err());
    }
}
