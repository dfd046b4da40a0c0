//! `limited_instance URL PREFIX LEASES REQUESTS`: one process of a service with a shared limit of 1000 a day.
//! For each fifty requests it prints a line with the number of admitted ones.

use std::io::Write;
use std::num::NonZeroU32;
use std::time::Duration;

use futures_util::future::join_all;
use secure_runtime::throttling::{Ask, Quota, SharedLimits, Source};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, prefix, leases, requests] = arguments.as_slice() else {
        panic!("expected URL PREFIX LEASES REQUESTS, found {arguments:?}");
    };
    let number = |text: &str| text.parse::<u32>().expect("a number");
    let shared = SharedLimits::redis(url)
        .prefix(prefix)
        .leases(number(leases))
        .deadline(Duration::from_secs(10))
        .build()
        .expect("shared limits");
    let quota: Quota = "1000/d".parse().expect("a quota");
    let limit = shared.limit("1000/d", quota);
    let asks = [Ask::take(&limit, b"alice", NonZeroU32::MIN)];
    actix_web::rt::System::new().block_on(async {
        for _ in 0..number(requests) / 50 {
            let verdicts = join_all((0..50).map(|_| shared.decide(b"alice", &asks))).await;
            let admitted = verdicts.into_iter().map(|verdict| {
                let verdict = verdict.expect("a verdict");
                assert!(matches!(verdict.source(), Source::Shared | Source::Leased), "{verdict:?}");
                usize::from(verdict.is_admitted())
            });
            println!("{}", admitted.sum::<usize>());
            std::io::stdout().flush().expect("somebody who reads");
        }
    });
}
