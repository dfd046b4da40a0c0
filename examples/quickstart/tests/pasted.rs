//! Runs the example and each `curl` command that it prints, and compares the status with the printed one.
#![expect(clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Starts the example on a free port and reads its output up to the end of the inventory. The pipe is kept
/// open; otherwise the example could not print any more.
fn start() -> (Child, Vec<String>, impl Sized) {
    let mut server = Command::new(env!("CARGO_BIN_EXE_quickstart"))
        .env("QUICKSTART_ADDR", "127.0.0.1:0")
        .stdout(Stdio::piped())
        .spawn()
        .expect("the example starts");
    let mut output = BufReader::new(server.stdout.take().expect("its output")).lines();
    let mut guide = Vec::new();
    while let Some(Ok(line)) = output.next() {
        let is_last = line.starts_with("GET") && line.contains("/notes/{id}");
        guide.push(line);
        if is_last {
            break;
        }
    }
    (server, guide, output)
}

fn stop(mut server: Child, signal: &str) {
    let pid = server.id().to_string();
    assert!(Command::new("kill").args([signal, &pid]).status().expect("kill").success());
    let patience = Instant::now() + Duration::from_secs(10);
    while Instant::now() < patience {
        if let Some(status) = server.try_wait().expect("its status") {
            assert!(status.success(), "{signal}: {status}");
            return;
        }
        sleep(Duration::from_millis(20));
    }
    server.kill().expect("killed");
    panic!("the example does not stop on {signal}");
}

#[test]
fn every_printed_line_answers_as_printed() {
    let (server, guide, _output) = start();
    let mut pasted = 0;
    for (expected, command) in guide.iter().zip(guide.iter().skip(1)) {
        if !command.starts_with("curl ") {
            continue;
        }
        let status_only =
            format!("{command} --silent --output /dev/null --write-out '%{{http_code}}'");
        let answer = Command::new("sh").args(["-c", &status_only]).output().expect("curl runs");
        let status = String::from_utf8_lossy(&answer.stdout).into_owned();
        assert_eq!(expected, &format!("# {status}"), "{command}");
        pasted += 1;
    }
    assert!(pasted >= 5, "one line for each endpoint: {guide:?}");
    stop(server, "-TERM");
}

#[test]
fn it_stops_cleanly_on_interrupt() {
    let (server, guide, _output) = start();
    assert!(guide.iter().any(|line| line.starts_with("listening on http://127.0.0.1:")));
    stop(server, "-INT");
}
