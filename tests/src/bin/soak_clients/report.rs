//! The report: two tables of results, and the conditions that must hold.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::service::MAX_IN_FLIGHT;
use crate::{Finding, good, hostile};

/// The allowed growth of memory between the first and the last quarter, in bytes.
const GROWTH: u64 = 8_000_000;

pub(crate) fn print_good(before: &[good::Fared], beside: &[good::Fared]) {
    println!("good clients; latency in milliseconds alone, and beside hostile ones");
    println!(
        "{:20} {:>7} {:>7} {:>8}  {:>6} {:>6}  {:>6} {:>6}  instead",
        "", "asked", "right", "repeated", "median", "99 %", "median", "99 %"
    );
    for (before, beside) in before.iter().zip(beside) {
        println!(
            "{:20} {:>7} {:>7} {:>8}  {:>6.1} {:>6.1}  {:>6.1} {:>6.1}  {}",
            beside.name,
            beside.asked,
            beside.right,
            beside.repeated,
            percentile(&before.took, 50),
            percentile(&before.took, 99),
            percentile(&beside.took, 50),
            percentile(&beside.took, 99),
            list(&beside.wrong)
        );
    }
    println!();
}

pub(crate) fn print_hostile(all: &[hostile::Fared]) {
    println!("hostile clients; seconds of the longest attack");
    println!("{:42} {:>6} {:>6} {:>7}  outcomes", "", "begun", "done", "longest");
    for it in all {
        let longest = it.longest.as_secs_f64();
        let (name, begun, did) = (it.name, it.begun, it.did);
        println!("{name:42} {begun:>6} {did:>6} {longest:>7.1}  {}", list(&it.ends));
    }
}

/// Good clients are served as well as without hostile ones, and none is refused.
pub(crate) fn good(
    before: &[good::Fared],
    beside: &[good::Fared],
    (alone, length): (Duration, Duration),
) -> Vec<Finding> {
    let rate = |right: u64, time: Duration| right as f64 / time.as_secs_f64();
    let sum = |all: &[good::Fared]| all.iter().map(|it| it.right).sum::<u64>();
    let share = |before: u64, beside: u64| 100.0 * rate(beside, length) / rate(before, alone);
    let shares =
        before.iter().zip(beside).map(|(before, beside)| share(before.right, beside.right));
    let worst = shares.fold(f64::INFINITY, f64::min);
    let repeated: u64 = beside.iter().map(|it| it.repeated).sum();
    let asked: u64 = beside.iter().map(|it| it.asked).sum();
    let is_status = |wrong: &&String| wrong.parse::<u16>().is_ok();
    let all = before.iter().chain(beside);
    let refused: usize = all.map(|it| it.wrong.keys().filter(is_status).count()).sum();
    vec![
        Finding {
            what: format!(
                "good clients: {:.1} right answers a second alone, {:.1} beside hostile ones; the \
                 kind that lost most has {worst:.2} %",
                rate(sum(before), alone),
                rate(sum(beside), length)
            ),
            // Not a number: there was no correct response.
            holds: worst >= 99.0,
        },
        Finding {
            what: format!(
                "good clients: {refused} kinds of refusals or errors answered, 0 expected"
            ),
            holds: refused == 0,
        },
        Finding {
            what: format!("good clients: {repeated} of {asked} sent again on a new connection"),
            holds: repeated * 100 <= asked,
        },
    ]
}

/// Each kind of hostile client made its attack, and the service ended it where required.
pub(crate) fn hostile(all: &[hostile::Fared]) -> Vec<Finding> {
    let begun: u64 = all.iter().map(|it| it.begun).sum();
    let names = |is_bad: &dyn Fn(&hostile::Fared) -> bool| {
        let bad = all.iter().filter(|it| is_bad(it)).map(|it| it.name);
        bad.collect::<Vec<_>>().join("; ")
    };
    let idle = names(&|it| it.did == 0 || it.did * 10 < it.begun * 9);
    let wrong = names(&|it| it.wrong > 0);
    let of = |names: &str| if names.is_empty() { "none".to_owned() } else { names.to_owned() };
    vec![
        Finding {
            what: format!(
                "hostile clients: {begun} acts; kinds that did less than 90 % of theirs: {}",
                of(&idle)
            ),
            holds: idle.is_empty(),
        },
        Finding {
            what: format!(
                "hostile clients: kinds that were let in or never cut off: {}",
                of(&wrong)
            ),
            holds: wrong.is_empty(),
        },
    ]
}

/// Connections whose request is still incomplete hold no slot, so limits on requests in flight do not bound
/// them.
pub(crate) fn sockets(most: usize, before: usize) -> Finding {
    let most = most.saturating_sub(before) as u64;
    Finding {
        what: format!("up to {most} connections at once, more than the {MAX_IN_FLIGHT} slots"),
        holds: most > MAX_IN_FLIGHT,
    }
}

/// The medians of the first and of the last quarter.
pub(crate) fn memory(samples: &[u64]) -> Finding {
    let median = |samples: &[u64]| {
        let mut samples = samples.to_vec();
        samples.sort_unstable();
        samples.get(samples.len() / 2).copied().unwrap_or_default()
    };
    let quarter = samples.len() / 4;
    let (first, _) = samples.split_at(quarter);
    let (_, last) = samples.split_at(samples.len() - quarter);
    let (first, last) = (median(first), median(last));
    let megabytes = |bytes: u64| bytes as f64 / 1e6;
    let tenths = samples.chunks(samples.len().div_ceil(10).max(1));
    let tenths = tenths.map(|tenth| format!("{:.1}", megabytes(median(tenth))));
    println!(
        "\nmemory of the service by tenths of the time, MB: {}",
        tenths.collect::<Vec<_>>().join(", ")
    );
    Finding {
        what: format!(
            "memory of the service: {:.1} MB in the first quarter, {:.1} MB in the last one",
            megabytes(first),
            megabytes(last)
        ),
        holds: last <= first + GROWTH,
    }
}

pub(crate) fn log(panics: u64, errors: u64) -> Finding {
    Finding {
        what: format!("{panics} panics and {errors} other errors in the service's log"),
        holds: (panics, errors) == (0, 0),
    }
}

fn percentile(took: &[Duration], percent: usize) -> f64 {
    let mut took = took.to_vec();
    took.sort_unstable();
    let at = took.len().saturating_sub(1) * percent / 100;
    took.get(at).map_or(f64::NAN, |took| took.as_secs_f64() * 1000.0)
}

fn list(counts: &BTreeMap<String, u64>) -> String {
    let counts = counts.iter().map(|(what, count)| format!("{count} {what}"));
    counts.collect::<Vec<_>>().join(", ")
}
