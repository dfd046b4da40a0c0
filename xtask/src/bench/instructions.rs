//! Instructions a request takes, counted by callgrind.
//!
//! Only the loop over the requests is counted: the start of some peers measures the clock for a
//! random time. Each application serves two numbers of the same requests; the difference is what
//! the requests take, without the first ones that fill caches and tables. Where valgrind is
//! missing, the times of the same requests stand in.

use std::path::Path;
use std::process::Command;

use super::results::Row;
use super::{Effort, Plan, directory, succeed};
use crate::Failure;

pub(super) const FIGURES: [&str; 10] = [
    "request/rs256_seen",
    "request/rs256_seen_in_use",
    "request/rs256_seen_handwritten",
    "request/rs256_seen_floor",
    "request/hs256_seen",
    "request/hs256_seen_in_use",
    "request/hs256_seen_handwritten",
    "request/hs256_seen_floor",
    RULED,
    ENRICHED,
];

/// The programs that this runs: the second one where valgrind is missing.
pub(super) const PROGRAMS: [&str; 2] = ["drive", "requests"];

/// A rule about an object that the path names.
const RULED: &str = "request/ruled";

/// A caller whose roles are loaded and kept, with every request a hit.
const ENRICHED: &str = "request/rs256_seen_enriched";

/// The function whose instructions are counted, with what it calls.
const LOOP: &str = "benches::drive::drive::*";

/// What a name ends in, which of our applications it is about, and what it is compared with.
const ROWS: [(&str, &str, &str, &str); 4] = [
    ("", "secured", "assembled", ASSEMBLED),
    ("_in_use", "secured_in_use", "assembled", ASSEMBLED),
    ("_handwritten", "secured", "handwritten", "jsonwebtoken + governor + validator, by hand"),
    ("_floor", "secured", "floor", "calls of actix-web, validator and a cache, and nothing else"),
];

const ASSEMBLED: &str = "httpauth + jsonwebtoken + grants + governor + validator";

/// A row for each signature and peer.
pub(super) fn measure(plan: &Plan, programs: &Path, fixture: &Path) -> Result<Vec<Row>, Failure> {
    let here = Command::new("valgrind").arg("--version").output();
    if !here.is_ok_and(|output| output.status.success()) {
        return times(plan, programs, fixture);
    }
    let mut rows = Vec::new();
    // Callgrind is slow in debug builds. The test `variants` runs the other applications.
    let is_smoke = plan.effort == Effort::Smoke;
    for algorithm in ["rs256", "hs256"] {
        if is_smoke && algorithm == "rs256" {
            continue;
        }
        let figures = ROWS.map(|(ending, ..)| format!("request/{algorithm}_seen{ending}"));
        if !plan.wants(&figures.each_ref().map(String::as_str)) {
            continue;
        }
        eprintln!("==> instructions, {algorithm}");
        let count = |variant| per_request(plan, programs, fixture, variant, algorithm);
        let bare = count("bare")?;
        for (ending, ours, peer, peer_name) in
            ROWS.into_iter().take(if is_smoke { 1 } else { ROWS.len() })
        {
            let name = format!("request/{algorithm}_seen{ending}");
            if plan.wants(&[&name]) {
                let counts = (count(ours)? - bare, count(peer)? - bare);
                rows.push(Row::new(&name, "instructions above bare", counts, peer_name));
            }
        }
    }
    if !is_smoke && plan.wants(&[RULED]) {
        let count = |variant| per_request(plan, programs, fixture, variant, "rs256");
        let bare = count("ruled_bare")?;
        let counts = (count("ruled")? - bare, count("ruled_by_hand")? - bare);
        let peer = "the same authentication, and the handler compares";
        rows.push(Row::new(RULED, "instructions above bare", counts, peer));
    }
    if !is_smoke && plan.wants(&[ENRICHED]) {
        let count = |variant| per_request(plan, programs, fixture, variant, "rs256");
        let bare = count("bare")?;
        let counts = (count("enriched")? - bare, count("secured")? - bare);
        let peer = "the same without enrichment";
        rows.push(Row::new(ENRICHED, "instructions above bare", counts, peer));
    }
    Ok(rows)
}

fn per_request(
    plan: &Plan,
    programs: &Path,
    fixture: &Path,
    variant: &str,
    algorithm: &str,
) -> Result<f64, Failure> {
    let (few, many) = (plan.pick(2, 50, 100), plan.pick(6, 250, 1100));
    let counted = |requests: usize| -> Result<f64, Failure> {
        let file = directory()?.join(format!("callgrind.{variant}.{algorithm}.{requests}.out"));
        let drive = programs.join("drive");
        succeed(
            Command::new("valgrind")
                .args(["--tool=callgrind", "--collect-atstart=no"])
                .arg(format!("--toggle-collect={LOOP}"))
                .arg(format!("--callgrind-out-file={}", file.display()))
                .arg(drive)
                .arg(fixture)
                .args([variant, algorithm, &requests.to_string()]),
        )?;
        total(&std::fs::read_to_string(file)?)
    };
    let requests = counted(many)? - counted(few)?;
    if requests > 0.0 {
        Ok(requests / (many - few) as f64)
    } else {
        Err(format!("callgrind found no `{LOOP}` to count").into())
    }
}

/// Callgrind's `totals: N`, the instructions of the whole program.
fn total(profile: &str) -> Result<f64, Failure> {
    let line = profile.lines().rev().find_map(|line| line.strip_prefix("totals: "));
    Ok(line.ok_or("callgrind wrote no total")?.trim().parse()?)
}

/// The same rows in nanoseconds.
fn times(plan: &Plan, programs: &Path, fixture: &Path) -> Result<Vec<Row>, Failure> {
    eprintln!("==> valgrind is not here: times instead of instructions");
    let mut command = Command::new(programs.join("requests"));
    command.arg(fixture);
    if !plan.is_thorough() {
        command.arg("--quick");
    }
    let mut rows = Row::read_all(&succeed(&mut command)?)?;
    rows.retain_mut(|row| match row.name.strip_suffix("_seen_ns") {
        Some(stem) => {
            row.name = format!("{stem}_seen");
            true
        }
        None => false,
    });
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_is_read() {
        assert_eq!(total("events: Ir\nfn=(1) a\n1 2\ntotals: 1234\n").unwrap(), 1234.0);
        assert!(total("events: Ir\n").is_err());
    }
}
