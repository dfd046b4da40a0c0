//! `cargo xtask bench [FILTER] [--quick | --smoke]`: figures side by side with what a user would take
//! instead.
//!
//! The programs of the package `benches` print rows as lines of JSON; this collects them, adds
//! what only a person outside can measure (instructions under callgrind, the compiler's time),
//! prints a table and writes `target/bench/results.json`.

mod compile;
mod cost;
mod crates;
mod instructions;
mod results;

use std::path::PathBuf;
use std::process::Command;

use crate::steps::cargo;
use crate::{Failure, root};
use results::{Row, Rows};

/// What one run measures, and how long it may take.
struct Plan {
    filter: String,
    effort: Effort,
}

/// How much is measured.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Effort {
    /// Figures to publish.
    Thorough,
    /// A first estimate.
    Quick,
    /// Only whether everything runs: debug builds, shared with the tests, and few repetitions.
    Smoke,
}

impl Plan {
    fn read(options: &[&str]) -> Result<Self, Failure> {
        let mut plan = Self { filter: String::new(), effort: Effort::Thorough };
        for option in options {
            match *option {
                "--quick" => plan.effort = Effort::Quick,
                "--smoke" => plan.effort = Effort::Smoke,
                flag if flag.starts_with('-') => {
                    return Err(format!(
                        "unknown option `{flag}`, expected `--quick` or `--smoke`"
                    )
                    .into());
                }
                filter => plan.filter = filter.into(),
            }
        }
        Ok(plan)
    }

    /// Whether one of these figures was asked for.
    fn wants(&self, names: &[&str]) -> bool {
        names.iter().any(|name| name.contains(&self.filter))
    }

    /// A number of repetitions.
    fn pick(&self, smoke: usize, quick: usize, thorough: usize) -> usize {
        match self.effort {
            Effort::Smoke => smoke,
            Effort::Quick => quick,
            Effort::Thorough => thorough,
        }
    }

    fn is_thorough(&self) -> bool {
        self.effort == Effort::Thorough
    }

    /// Where the figures are written; those of a smoke run mean nothing.
    fn file(&self) -> &'static str {
        if self.effort == Effort::Smoke { "smoke.json" } else { "results.json" }
    }
}

/// What a program of the package `benches` measures.
struct Program {
    name: &'static str,
    figures: &'static [&'static str],
    needs_fixture: bool,
    /// A feature that builds it; such programs are left out of quick runs.
    feature: Option<&'static str>,
}

const PROGRAMS: [Program; 11] = [
    Program {
        name: "requests",
        figures: &[
            "request/rs256_first",
            "request/rs256_first_parsed_key",
            "request/denied_role_with_body",
            "request/denied_role",
            "request/rs256_seen_ns",
            "request/hs256_seen_ns",
        ],
        needs_fixture: true,
        feature: None,
    },
    Program {
        name: "memory",
        figures: &[
            "request/rs256_seen_allocations",
            "request/rs256_seen_in_use_allocations",
            "api_key/accepted_allocations",
            "request/rs256_first_allocations",
            "limiter/bytes_per_key_1000000",
        ],
        needs_fixture: true,
        feature: None,
    },
    Program {
        name: "limiter",
        figures: &[
            "limiter/string_keys_1",
            "limiter/string_keys_10000",
            "limiter/string_keys_1000000",
            "limiter/worst_fill_us",
            "limiter/matrix_string",
            "limiter/matrix_address",
            "limiter/denied",
        ],
        needs_fixture: false,
        feature: None,
    },
    Program {
        name: "api_key",
        figures: &["api_key/accepted"],
        needs_fixture: false,
        feature: None,
    },
    Program {
        name: "cache",
        figures: &["cache/request_", "cache/live_100000", "cache/refused_again", "cache/revoked"],
        needs_fixture: false,
        feature: None,
    },
    Program { name: "policy", figures: &["policy/decision"], needs_fixture: false, feature: None },
    Program { name: "scope", figures: &["scope/"], needs_fixture: false, feature: None },
    Program {
        name: "authenticators",
        figures: &["authenticator/introspected_seen"],
        needs_fixture: false,
        feature: None,
    },
    Program {
        name: "loopback",
        figures: &["loopback/limited", "loopback/refused", "loopback/refused_order"],
        needs_fixture: true,
        feature: None,
    },
    Program {
        name: "redis",
        figures: &["redis/script_", "redis/floor_", "redis/leased_"],
        needs_fixture: false,
        feature: None,
    },
    Program {
        name: "engines",
        figures: &["policy/decision_cedar", "policy/decision_casbin"],
        needs_fixture: false,
        feature: Some("engines"),
    },
];

pub(crate) fn run(options: &[&str]) -> Result<(), Failure> {
    let plan = Plan::read(options)?;
    let mut rows = Rows::default();

    let wanted: Vec<&Program> = PROGRAMS
        .iter()
        .filter(|program| plan.wants(program.figures))
        .filter(|program| program.feature.is_none() || plan.is_thorough())
        .collect();
    if !wanted.is_empty() || plan.wants(&instructions::FIGURES) {
        let programs = build(&plan, &wanted)?;
        let fixture = directory()?.join("fixture.json");
        succeed(
            Command::new(programs.join("fixture"))
                .arg(&fixture)
                .arg(plan.pick(50, 500, 2000).to_string()),
        )?;
        if plan.wants(&instructions::FIGURES) {
            let measured = instructions::measure(&plan, &programs, &fixture);
            rows.add(instructions::FIGURES, measured);
            write(&plan, &rows)?;
        }
        for program in wanted {
            eprintln!("==> {}", program.name);
            let mut command = Command::new(programs.join(program.name));
            if program.needs_fixture {
                command.arg(&fixture);
            }
            if !plan.is_thorough() {
                command.arg("--quick");
            }
            let measured = succeed(&mut command).and_then(|lines| Row::read_all(&lines));
            rows.add(program.figures.iter().copied(), measured);
            write(&plan, &rows)?;
        }
    }
    if plan.wants(&compile::FIGURES) {
        rows.add(compile::FIGURES, compile::measure(&plan));
        write(&plan, &rows)?;
    }
    if plan.is_thorough() && plan.wants(&cost::FIGURES) {
        rows.add(cost::FIGURES, cost::measure(&plan));
    }

    rows.keep(&plan.filter);
    if rows.is_empty() {
        return Err(format!("no figure is called `{}`", plan.filter).into());
    }
    print!("{}", rows.table());
    println!("\nwritten to {}", write(&plan, &rows)?.display());
    match &*rows.errors() {
        [] => Ok(()),
        errors => Err(format!("not measured:\n{}", errors.join("\n")).into()),
    }
}

/// Writes the rows that are there so far.
fn write(plan: &Plan, rows: &Rows) -> Result<PathBuf, Failure> {
    let file = directory()?.join(plan.file());
    std::fs::write(&file, rows.json()?)?;
    Ok(file)
}

/// Builds the programs and says where they are. A program with a feature is built on its own: the
/// others keep their features and are not compiled again.
fn build(plan: &Plan, wanted: &[&Program]) -> Result<PathBuf, Failure> {
    if plan.effort == Effort::Smoke {
        // The features of `cargo test --workspace`: a test is built with the programs of its package.
        let test = cargo(&["test", "--locked", "--workspace", "--no-run", "--test=variants"]);
        built(test)?;
        return Ok(target().join("debug"));
    }
    let always = wanted.iter().filter(|program| program.feature.is_none());
    let mut names: Vec<&str> = always.map(|program| program.name).collect();
    names.push("fixture");
    if plan.wants(&instructions::FIGURES) {
        names.extend(instructions::PROGRAMS);
    }
    build_programs(&names, None)?;
    for program in wanted {
        if let Some(feature) = program.feature {
            build_programs(&[program.name], Some(feature))?;
        }
    }
    Ok(target().join("release"))
}

fn build_programs(names: &[&str], feature: Option<&str>) -> Result<(), Failure> {
    let mut build = cargo(&["build", "--release", "--locked", "--package=benches"]);
    build.args(names.iter().map(|name| format!("--bin={name}")));
    build.args(feature.map(|feature| format!("--features={feature}")));
    built(build)
}

fn built(mut command: Command) -> Result<(), Failure> {
    let status = command.current_dir(root()).status()?;
    if status.success() { Ok(()) } else { Err("the benchmarks do not build".into()) }
}

/// Runs a program that must succeed; returns what it printed.
fn succeed(command: &mut Command) -> Result<String, Failure> {
    let output = command.current_dir(root()).output()?;
    if output.status.success() {
        return Ok(String::from_utf8(output.stdout)?);
    }
    let program = command.get_program().display();
    Err(format!("{program}: {}\n{}", output.status, String::from_utf8_lossy(&output.stderr)).into())
}

/// Cargo's folder for what it builds.
fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| root().join("target"), |path| root().join(path))
}

/// Where figures and what they are made of are kept.
fn directory() -> Result<PathBuf, Failure> {
    let directory = root().join("target/bench");
    std::fs::create_dir_all(&directory)?;
    Ok(directory.canonicalize()?)
}
