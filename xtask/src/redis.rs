//! The Redis that the tests talk to: installed where there is none, on loopback, for one run. And the
//! Valkey that some talk to as well.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A server that runs until this is dropped.
pub(crate) struct Redis {
    address: SocketAddr,
    process: Child,
}

impl Redis {
    /// Starts a server; the error says why there is none.
    pub(crate) fn start() -> Result<Self, String> {
        if !is_installed(SERVER) {
            install(SERVER)?;
        }
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|free| free.local_addr());
        let address = free.map_err(|error| format!("no free port on loopback: {error}"))?;
        let port = address.port();
        let process = Command::new(SERVER)
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1"])
            .args(["--save", "", "--appendonly", "no"])
            .args(["--dir", &std::env::temp_dir().display().to_string()])
            // What another server has left there is not read.
            .args(["--dbfilename", &format!("none-{port}.rdb")])
            .stdout(Stdio::null())
            .spawn()
            .map_err(|error| format!("`{SERVER}` cannot be started: {error}"))?;
        let mut redis = Self { address, process };
        redis.await_answer()?;
        println!("{SERVER} on {address}, process {}", redis.process.id());
        Ok(redis)
    }

    pub(crate) fn address(&self) -> String {
        self.address.to_string()
    }

    fn await_answer(&mut self) -> Result<(), String> {
        let start = Instant::now();
        while TcpStream::connect(self.address).is_err() {
            if let Ok(Some(status)) = self.process.try_wait() {
                return Err(format!("`{SERVER}` ended at once: {status}"));
            }
            if start.elapsed() > PATIENCE {
                return Err(format!("`{SERVER}` does not answer on {}", self.address));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        // By its process: another Redis of this machine is not ours to stop.
        let stopped = self.process.kill().and_then(|()| self.process.wait());
        if let Err(error) = stopped {
            eprintln!("`{SERVER}` cannot be stopped: {error}");
        }
    }
}

/// The program of Valkey, installed where there is none; why there is not, if the system's packages do
/// not have it.
pub(crate) fn valkey() -> Result<&'static str, String> {
    if !is_installed(VALKEY) {
        install(VALKEY)?;
    }
    Ok(VALKEY)
}

fn is_installed(server: &str) -> bool {
    let version = Command::new(server).arg("--version").stdout(Stdio::null()).status();
    version.is_ok_and(|status| status.success())
}

/// Installs Debian's package, whose own service is not started: the tests have theirs.
fn install(server: &str) -> Result<(), String> {
    for arguments in [&["update"][..], &["install", "--yes", "--no-install-recommends", server]] {
        println!("apt-get {}", arguments.join(" "));
        let status = Command::new("apt-get")
            .args(arguments)
            .env("DEBIAN_FRONTEND", "noninteractive")
            .env("RUNLEVEL", "1")
            .status();
        match status {
            Ok(status) if status.success() => {}
            _ => {
                return Err(format!(
                    "the tests need `{server}`, and it cannot be installed: type `apt-get update && \
                     apt-get install {server}`, as root, or install it as your system does"
                ));
            }
        }
    }
    if is_installed(server) { Ok(()) } else { Err(format!("the package brought no `{server}`")) }
}

/// Programs, and the packages that bring them.
const SERVER: &str = "redis-server";
const VALKEY: &str = "valkey-server";
const PATIENCE: Duration = Duration::from_secs(30);
