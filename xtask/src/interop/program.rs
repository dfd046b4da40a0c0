//! Runs one program of `tests/interop` in its own process group, with a time limit.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use serde::Deserialize;

use super::{folder, install};
use crate::root;

pub(super) struct Program {
    pub(super) name: &'static str,
    pub(super) limit: Duration,
}

/// One line that a program prints.
#[derive(Deserialize)]
pub(super) struct Check {
    pub(super) provider: String,
    pub(super) check: String,
    pub(super) ok: bool,
    wanted: String,
    got: String,
}

impl Check {
    pub(super) fn result(&self) -> String {
        if self.ok {
            format!("ok: {}", self.got)
        } else {
            format!("FAILED: {}, wanted {}", self.got, self.wanted)
        }
    }
}

impl Program {
    /// Adds the program's checks. The error lists failed checks, and the reason if the program itself failed.
    pub(super) fn run(&self, checks: &mut Vec<Check>) -> Result<(), Vec<String>> {
        let one = |problem: String| vec![problem];
        let logs = folder().join("logs");
        std::fs::create_dir_all(&logs).map_err(|error| one(error.to_string()))?;
        let log = logs.join(self.name.replace('/', "_"));
        let mut group = self.start(&log).map_err(|error| one(format!("`node`: {error}")))?;
        let mut problems = Vec::new();
        let before = checks.len();
        if let Some(output) = group.0.stdout.take() {
            let lines = lines(output);
            let start = Instant::now();
            loop {
                match lines.recv_timeout(self.limit.saturating_sub(start.elapsed())) {
                    Ok(line) => match serde_json::from_str::<Check>(&line) {
                        Ok(check) => {
                            println!("{}: {}", check.check, check.result());
                            if !check.ok {
                                problems.push(format!("{}: {}", check.check, check.result()));
                            }
                            checks.push(check);
                        }
                        // Output of a library that the program uses.
                        Err(_) => println!("{line}"),
                    },
                    Err(RecvTimeoutError::Disconnected) => break,
                    Err(RecvTimeoutError::Timeout) => {
                        problems.push(format!("has not ended after {:?}", self.limit));
                        group.kill();
                        break;
                    }
                }
            }
        }
        match group.0.wait() {
            Ok(status) if status.success() && checks.len() > before => {}
            Ok(status) => {
                let log = self.name.replace('/', "_");
                problems.push(format!("{status}; its log is target/interop/logs/{log}.log"));
            }
            Err(error) => problems.push(error.to_string()),
        }
        if problems.is_empty() { Ok(()) } else { Err(problems) }
    }

    fn start(&self, log: &Path) -> std::io::Result<Group> {
        let errors = File::create(log.with_extension("log"))?;
        let mut node = Command::new("node");
        // A process group, so that all child processes can be stopped together.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut node, 0);
        let child = node
            .arg(install::programs().join(self.name).with_extension("mjs"))
            .env("INTEROP_SERVER", root().join("target/debug/interop_server"))
            .env("INTEROP_PYTHON", install::python_program())
            .env("INTEROP_DEBIAN", install::debian())
            .env("INTEROP_LOG", log)
            // The program ends when its standard input is closed.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()?;
        Ok(Group(child))
    }
}

/// A running program with all of its child processes.
struct Group(Child);

impl Group {
    /// Usually all of them have ended already.
    fn kill(&mut self) {
        let group = format!("-{}", self.0.id());
        let mut kill = Command::new("kill");
        let _status = kill.args(["-KILL", "--", &group]).stderr(Stdio::null()).status();
        let _ended = self.0.kill();
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}

fn lines(output: ChildStdout) -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    receiver
}
