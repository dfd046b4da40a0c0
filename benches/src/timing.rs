//! Medians of interleaved runs: a disturbance of the machine affects both sides.

use std::time::Instant;

/// The middle of the figures; zero of none.
#[must_use]
pub fn median(figures: &mut [f64]) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or_default()
}

/// Nanoseconds that one call takes.
pub fn nanoseconds(work: impl FnOnce()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_secs_f64() * 1e9
}

/// Nanoseconds an iteration of each of two pieces of work, run in turns; the order changes from
/// round to round.
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
