//! A list of things to do, all of which are done whatever the others came to.

use std::fmt::Write as _;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::{Failure, root};

/// What was done so far.
#[derive(Default)]
pub(crate) struct Steps {
    done: Vec<Step>,
}

struct Step {
    name: String,
    took: Duration,
    problems: Vec<String>,
}

impl Steps {
    /// Does one thing and keeps what is wrong, one sentence each.
    pub(crate) fn run(&mut self, name: &str, work: impl FnOnce() -> Result<(), Vec<String>>) {
        println!("==> {name}");
        let start = Instant::now();
        let problems = work().err().unwrap_or_default();
        self.done.push(Step { name: name.into(), took: start.elapsed(), problems });
    }

    /// Runs a program in the root of the workspace; what it prints is seen.
    pub(crate) fn command(&mut self, name: &str, command: &mut Command) {
        self.run(name, || match command.current_dir(root()).status() {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(vec![format!("{status}; its output is above")]),
            Err(error) => Err(vec![format!("cannot be started: {error}")]),
        });
    }

    /// Whether a step had a problem.
    pub(crate) fn has_failed(&self) -> bool {
        self.done.iter().any(|step| !step.problems.is_empty())
    }

    /// Prints what was done and how long it took, then every problem.
    pub(crate) fn finish(self) -> Result<(), Failure> {
        println!();
        let mut problems = String::new();
        for step in &self.done {
            let verdict = if step.problems.is_empty() { "ok" } else { "FAILED" };
            println!("{:>7.1} s  {verdict:<6}  {}", step.took.as_secs_f64(), step.name);
            for problem in &step.problems {
                writeln!(problems, "{}: {problem}", step.name)?;
            }
        }
        if problems.is_empty() { Ok(()) } else { Err(problems.trim_end().into()) }
    }
}

/// The cargo that runs this program.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments);
    command
}

/// The nightly cargo. It is rustup's `cargo`, and not the one that runs this program, which always uses
/// its own toolchain.
pub(crate) fn nightly(arguments: &[&str]) -> Command {
    let mut command = Command::new("cargo");
    command.arg("+nightly").args(arguments).env_remove("RUSTUP_TOOLCHAIN").env_remove("CARGO");
    command
}

/// Runs a command to its end and returns its standard output. The error has its standard error.
pub(crate) fn output(command: &mut Command) -> Result<String, String> {
    let program = command.get_program().display().to_string();
    let output =
        command.output().map_err(|error| format!("`{program}` cannot be started: {error}"))?;
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        return Err(format!("`{program}`: {}\n{}", output.status, errors.trim()));
    }
    String::from_utf8(output.stdout).map_err(|error| format!("`{program}`: {error}"))
}
