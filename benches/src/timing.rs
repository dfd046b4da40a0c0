//! Medians of interleaved runs: a disturbance of the machine affects both sides.

use std::time::Instant;

/// The median of the figures; zero if there are none.
#[must_use]
pub fn median(figures: &mut [f64]) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or_default()
}

/// The duration of one call in nanoseconds.
pub fn nanoseconds(work: impl FnOnce()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_secs_f64() * 1e9
}

/// Nanoseconds per iteration of each of two pieces of work, which run in turns; the order changes each
/// round.
pub fn side_by_side(
    rounds: usize,
    iterations: usize,
    ours: &mut dyn FnMut(),
    peer: &mut dyn FnMut(),
) -> (f64, f64) {
    let mut figures = (Vec::new(), Vec::new());
    for round in 0..rounds {
        if round % 2 == 0 {
            figures.0.push(nanoseconds(&mut *ours));
            figures.1.push(nanoseconds(&mut *peer));
        } else {
            figures.1.push(nanoseconds(&mut *peer));
            figures.0.push(nanoseconds(&mut *ours));
        }
    }
    let iterations = iterations as f64;
    (median(&mut figures.0) / iterations, median(&mut figures.1) / iterations)
}
