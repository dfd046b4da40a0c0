//! Soak test of limits shared by two instances, through a Redis that is restarted (and then empty) repeatedly.

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use secure_runtime::throttling::{Ask, SharedLimit, SharedLimits, Source};
use secure_tests::RedisServer;

use crate::watched::Watched;
use crate::{Finding, Span};

const WATCHED: usize = 16;
const PERMITS: u32 = 200;
const INSTANCES: NonZeroU32 = NonZeroU32::MIN.saturating_add(1);
const RESTARTS: u32 = 5;

pub(crate) fn soak(span: Span) -> Vec<Finding> {
    let mut redis = RedisServer::start();
    let url = redis.url();
    let watched = Admitted {
        together: Watched::new(WATCHED, PERMITS),
        alone: Watched::new(WATCHED, PERMITS),
    };
    let start = Instant::now();
    let (asked, restarts, left) = std::thread::scope(|scope| {
        let instances: Vec<_> = (0..INSTANCES.get())
            .map(|instance| {
                let (watched, url) = (&watched, url.as_str());
                scope.spawn(move || serve(span, instance, watched, url))
            })
            .collect();
        let mut restarts = 0;
        while !span.is_over() {
            std::thread::sleep(Duration::from_millis(200));
            if span.start.elapsed() > span.length / (RESTARTS + 1) * (restarts + 1) {
                redis.restart();
                restarts += 1;
            }
        }
        let asked: u64 = instances.into_iter().map(|it| it.join().expect("its end")).sum();
        // Redis removes a key when its bucket is full again.
        std::thread::sleep(Duration::from_secs(2));
        let size = redis.command(&["DBSIZE"]);
        let size = size.lines().next().unwrap_or_default().trim_start_matches(':').to_owned();
        (asked, restarts, size)
    });
    let ((least, most), allowed) =
        (watched.together.extremes(), watched.together.allowed(start.elapsed()));
    // After each restart Redis is empty, so one more burst is admitted.
    let forgotten = u64::from(restarts) * u64::from(PERMITS);
    let held = u64::from(INSTANCES.get()) * u64::from(PERMITS / 8);
    // While Redis is down or too slow, each instance admits its local share and no more.
    let (least_alone, most_alone) = watched.alone.extremes();
    vec![
        Finding {
            what: format!(
                "shared: {least} to {most} requests of each watched key admitted, {allowed} allowed, \
                 {forgotten} forgotten by {restarts} restarts, {held} held"
            ),
            holds: restarts > 0
                && most <= allowed + forgotten + held
                && least + least_alone >= allowed / 2,
        },
        Finding {
            what: format!(
                "shared: {least_alone} to {most_alone} more of each admitted by instances alone, \
                 {allowed} allowed"
            ),
            holds: most_alone <= allowed,
        },
        Finding {
            what: format!("shared: {asked} requests asked, {left} keys left in Redis"),
            holds: left == "0",
        },
    ]
}

/// The admitted requests of each watched key.
struct Admitted {
    /// Admitted by the shared limit.
    together: Watched,
    /// Admitted by each instance's local limit.
    alone: Watched,
}

/// Runs one instance and returns its number of requests.
fn serve(span: Span, instance: u32, watched: &Admitted, url: &str) -> u64 {
    let shared =
        SharedLimits::redis(url).leases(100).instances(INSTANCES).build().expect("shared limits");
    let limit = shared.limit("soak", watched.together.quota);
    let mut turn = u64::from(instance) << 48;
    actix_web::rt::System::new().block_on(async {
        while !span.is_over() {
            join_all((0..100).map(|ahead| ask(&shared, &limit, watched, turn + ahead))).await;
            turn += 100;
        }
    });
    turn - (u64::from(instance) << 48)
}

/// Nine of ten requests use the watched keys, the tenth a key that was never used before.
async fn ask(shared: &SharedLimits, limit: &SharedLimit, watched: &Admitted, turn: u64) {
    let key = turn as usize % watched.together.keys();
    let whom = if turn.is_multiple_of(10) { turn } else { key as u64 };
    let bytes = whom.to_be_bytes();
    let asks = [Ask::take(limit, &bytes, NonZeroU32::MIN)];
    let verdict = shared.decide(&bytes, &asks).await.expect("local limits while Redis is gone");
    if verdict.is_admitted() && !turn.is_multiple_of(10) {
        let by = if verdict.source() == Source::Local { &watched.alone } else { &watched.together };
        by.count(key);
    }
}
