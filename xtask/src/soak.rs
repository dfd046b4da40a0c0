//! `cargo xtask soak [SECONDS]`: limits under churn for so long, and a Redis that is restarted.

use crate::Failure;
use crate::redis::Redis;
use crate::steps::{Steps, cargo};

pub(crate) fn run(options: &[&str]) -> Result<(), Failure> {
    let seconds: u32 = match options {
        [] => 120,
        [seconds] => seconds.parse().map_err(|_| format!("`{seconds}` is no number of seconds"))?,
        _ => return Err("expected one number of seconds".into()),
    };
    // Installs it where there is none; the soak starts its own.
    drop(Redis::start()?);
    let mut steps = Steps::default();
    let mut soak = cargo(&["run", "--release", "--locked", "-p", "secure-tests", "--bin", "soak"]);
    steps.command(&format!("soak, {seconds} s"), soak.arg("--").arg(seconds.to_string()));
    steps.finish()
}
