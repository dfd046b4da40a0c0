//! `cargo xtask soak [SECONDS]`: limits under churn for so long, and a Redis that is restarted.
//! `cargo xtask soak clients [SECONDS]`: good clients beside hostile ones.

use crate::Failure;
use crate::redis::Redis;
use crate::steps::{Steps, cargo};

pub(crate) fn run(options: &[&str]) -> Result<(), Failure> {
    match options {
        ["clients", options @ ..] => start("soak_clients", seconds(options, 600)?),
        _ => {
            let seconds = seconds(options, 120)?;
            // Installs it where there is none; the soak starts its own.
            drop(Redis::start()?);
            start("soak", seconds)
        }
    }
}

fn seconds(options: &[&str], default: u32) -> Result<u32, Failure> {
    match options {
        [] => Ok(default),
        [seconds] => {
            seconds.parse().map_err(|_| format!("`{seconds}` is no number of seconds").into())
        }
        _ => Err("expected one number of seconds".into()),
    }
}

fn start(program: &str, seconds: u32) -> Result<(), Failure> {
    let mut steps = Steps::default();
    let mut soak = cargo(&["run", "--release", "--locked", "-p", "secure-tests", "--bin", program]);
    steps.command(&format!("{program}, {seconds} s"), soak.arg("--").arg(seconds.to_string()));
    steps.finish()
}
