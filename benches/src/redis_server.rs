//! A Redis server on loopback for a measurement.

use std::net::{Ipv4Addr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::Failure;

/// A server without files on disk, which is stopped when this is dropped.
pub struct RedisServer {
    process: Child,
    /// `redis://127.0.0.1:PORT/`
    pub url: String,
}

impl RedisServer {
    /// Starts a server on a free port.
    ///
    /// # Errors
    ///
    /// When there is no `redis-server`, or it does not answer.
    pub fn start() -> Result<Self, Failure> {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let process = Command::new("redis-server")
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1"])
            .args(["--save", "", "--appendonly", "no"])
            .args(["--dir", &std::env::temp_dir().display().to_string()])
            // The server does not read files that another one has left there.
            .args(["--dbfilename", &format!("none-{port}.rdb")])
            .stdout(Stdio::null())
            .spawn()
            .map_err(|error| format!("redis-server: {error}; `cargo xtask test` installs it"))?;
        let server = Self { process, url: format!("redis://127.0.0.1:{port}/") };
        let client = redis::Client::open(server.url.as_str())?;
        let start = Instant::now();
        while client.get_connection().is_err() {
            if start.elapsed() > Duration::from_secs(30) {
                return Err("redis-server does not answer".into());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(server)
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        // Stop this process only; other Redis servers on this machine keep running.
        let stopped = self.process.kill().and_then(|()| self.process.wait());
        if let Err(error) = stopped {
            eprintln!("redis-server cannot be stopped: {error}");
        }
    }
}
