//! How many requests each kind of rate limit admits over time. The program sends the same traffic to
//! endpoints that differ in one key of their attribute. A fake clock replaces the real one, so minutes
//! of traffic take milliseconds. It serves nothing, so there are no requests to try.
//!
//! `cargo run -p limit_shapes` prints the figures; `cargo run -p limit_shapes -- docs/choosing-limits`
//! draws the plots of the page `docs/choosing-limits.md` into that folder.

mod endpoints;
mod plot;
mod traffic;

use std::error::Error;
use std::path::Path;

use plot::{Line, Plot};
use traffic::Traffic;

/// A plot of the page: its title, its duration, and a line for each kind of traffic.
struct Comparison {
    file: &'static str,
    title: &'static str,
    minutes: u64,
    lines: &'static [(&'static str, Traffic)],
}

const MINUTE: u64 = 60_000;

/// Two requests a second from one caller.
const fn steadily(path: &'static str) -> Traffic {
    Traffic { path, every_ms: 500, from_ms: 0, callers: 1, tier: None }
}

const COMPARISONS: [Comparison; 7] = [
    Comparison {
        file: "burst.svg",
        title: "2 requests a second, one a second allowed",
        minutes: 3,
        lines: &[
            (r#"rate = "60/min""#, steadily("/whole")),
            (r#"rate("60/min", burst = 10)"#, steadily("/smooth")),
            (r#"rate("60/min", burst = 1)"#, steadily("/strict")),
        ],
    },
    Comparison {
        file: "windows.svg",
        title: "10 requests a second",
        minutes: 1,
        lines: &[
            (r#"rate = "60/min""#, Traffic { every_ms: 100, ..steadily("/whole") }),
            (r#"rate = ["2/s", "60/min"]"#, Traffic { every_ms: 100, ..steadily("/windows") }),
        ],
    },
    Comparison {
        file: "keys.svg",
        title: "10 colleagues behind one address, each a request every 10 seconds",
        minutes: 3,
        lines: &[
            (
                r#"rate = "30/min", each caller"#,
                Traffic { every_ms: 1000, callers: 10, ..steadily("/each") },
            ),
            (
                r#"rate("30/min", by = address)"#,
                Traffic { every_ms: 1000, callers: 10, ..steadily("/address") },
            ),
        ],
    },
    Comparison {
        file: "tiers.svg",
        title: "2 requests a second, rate(tier(free = \"12/min\", pro = \"60/min\"))",
        minutes: 3,
        lines: &[
            ("pro", Traffic { tier: Some("pro"), ..steadily("/tiers") }),
            ("free", Traffic { tier: Some("free"), ..steadily("/tiers") }),
        ],
    },
    Comparison {
        file: "costs.svg",
        title: "2 requests a second",
        minutes: 3,
        lines: &[
            (r#"rate = "60/min""#, steadily("/whole")),
            (r#"rate("60/min", cost = 5)"#, steadily("/costly")),
        ],
    },
    Comparison {
        file: "charged.svg",
        title: "A request every 2 seconds that turns out to cost 25",
        minutes: 3,
        lines: &[
            (
                r#"rate("60/min", cost = response)"#,
                Traffic { every_ms: 2000, ..steadily("/charged") },
            ),
            (r#"rate("60/min", cost = 25)"#, Traffic { every_ms: 2000, ..steadily("/heavy") }),
        ],
    },
    Comparison {
        file: "quota.svg",
        title: "6 requests a minute from half past on, next hour at 60",
        minutes: 120,
        lines: &[
            (
                r#"quota = "60/hour""#,
                Traffic { every_ms: 10_000, from_ms: 30 * MINUTE, ..steadily("/quota") },
            ),
            (
                r#"rate = "60/h""#,
                Traffic { every_ms: 10_000, from_ms: 30 * MINUTE, ..steadily("/hourly") },
            ),
        ],
    },
];

impl Comparison {
    async fn draw(&self) -> Result<Plot, Box<dyn Error>> {
        let mut lines = Vec::new();
        for (label, traffic) in self.lines {
            lines.push(Line { label, admitted_ms: traffic.admitted(self.minutes * MINUTE).await? });
        }
        Ok(Plot { title: self.title, minutes: self.minutes, lines })
    }
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1);
    for comparison in &COMPARISONS {
        let plot = comparison.draw().await?;
        match &folder {
            Some(folder) => {
                std::fs::write(Path::new(folder).join(comparison.file), plot.svg())?;
            }
            None => println!("{plot}"),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The plots in the page's folder are up to date, and the page shows each of them.
    #[actix_web::test]
    async fn the_plots_of_the_page_are_those_that_this_program_draws() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/choosing-limits");
        for comparison in &COMPARISONS {
            let drawn = comparison.draw().await.unwrap().svg();
            let kept = std::fs::read_to_string(folder.join(comparison.file)).unwrap();
            assert!(
                drawn == kept,
                "{} is not what is drawn now: cargo run -p limit_shapes -- docs/choosing-limits",
                comparison.file
            );
        }
        let page = include_str!("../../../docs/choosing-limits.md");
        let is_plot = |name: &str| name.ends_with(".svg");
        let kept = std::fs::read_dir(folder).unwrap();
        let kept = kept.filter(|it| is_plot(&it.as_ref().unwrap().file_name().to_string_lossy()));
        assert_eq!(kept.count(), COMPARISONS.len());
        for Comparison { file, .. } in &COMPARISONS {
            assert!(page.contains(&format!("]: choosing-limits/{file}\n")), "{file}");
        }
    }

    /// The figures that the page mentions; each follows from the arithmetic of its limit.
    #[actix_web::test]
    async fn what_is_admitted_is_what_the_page_says() {
        let mut found = Vec::new();
        for comparison in &COMPARISONS {
            let plot = comparison.draw().await.unwrap();
            found.push((comparison.file, plot.lines.iter().map(Line::total).collect::<Vec<_>>()));
        }
        assert_eq!(
            found,
            [
                ("burst.svg", vec![239, 189, 180]),
                ("windows.svg", vec![119, 119]),
                ("keys.svg", vec![180, 119]),
                ("tiers.svg", vec![239, 47]),
                ("costs.svg", vec![239, 47]),
                ("charged.svg", vec![10, 9]),
                ("quota.svg", vec![120, 149]),
            ]
        );
    }
}
