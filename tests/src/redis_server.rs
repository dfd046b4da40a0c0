//! A Redis server on loopback that a test can stop, restart and pause.
//!
//! `cargo xtask test` starts one server for all tests and passes its address in `SECURE_TESTS_REDIS`; tests
//! that only send commands share it. Without that variable, and for tests that need a server of their own,
//! `redis-server` is started, or the program in `SECURE_TESTS_REDIS_SERVER`.

use std::io::{BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A Redis server. If this value started it, dropping the value stops it.
pub struct RedisServer {
    port: u16,
    process: Option<Child>,
    /// Further command-line arguments.
    arguments: Vec<String>,
}

impl RedisServer {
    /// The server that all tests share. Each test must use keys with its own names.
    pub fn shared() -> Self {
        match std::env::var("SECURE_TESTS_REDIS") {
            Ok(address) => {
                let port = address.rsplit(':').next().and_then(|port| port.parse().ok());
                let port = port.expect("SECURE_TESTS_REDIS is 127.0.0.1:PORT");
                Self { port, process: None, arguments: Vec::new() }
            }
            Err(_) => Self::start(),
        }
    }

    /// An empty server for one test.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// A server for one test, with these arguments at each start.
    pub fn start_with(arguments: &[&str]) -> Self {
        let port = free_port();
        let arguments = arguments.iter().map(|&argument| argument.to_owned()).collect();
        let mut server = Self { port, process: None, arguments };
        server.restart();
        server
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// `redis://127.0.0.1:PORT/`
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    /// Stops it; its data is lost.
    pub fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().expect("a process that can be stopped");
            process.wait().expect("its end");
        }
    }

    /// Starts it again at the same address, without data.
    pub fn restart(&mut self) {
        self.stop();
        let port = self.port.to_string();
        let program = program();
        let process = Command::new(&program)
            .args(&self.arguments)
            .args(["--port", &port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
            .args(["--dir", &std::env::temp_dir().display().to_string()])
            // The server does not read files that another one has left there.
            .args(["--dbfilename", &format!("none-{port}.rdb"), "--rdb-del-sync-files", "yes"])
            .stdout(Stdio::null())
            .spawn();
        self.process =
            Some(process.unwrap_or_else(|error| panic!("{program}: {error}; install it")));
        eventually("the server answers", || self.try_command(&["PING"]).is_ok());
    }

    /// Pauses it: it accepts connections but does not answer.
    pub fn pause(&self) {
        self.signal("-STOP");
    }

    /// Ends a [`pause`](Self::pause).
    pub fn resume(&self) {
        self.signal("-CONT");
    }

    /// Waits until a replica has received all writes.
    pub fn wait_until_copied(&self) {
        eventually("a replica has everything", || {
            let info = self.command(&["INFO", "replication"]);
            let after = |name: &str| {
                let (_, rest) = info.split_once(name)?;
                rest.split(|c: char| !c.is_ascii_digit()).next()?.parse::<u64>().ok()
            };
            after(",offset=").is_some_and(|copied| Some(copied) >= after("master_repl_offset:"))
        });
    }

    /// Sends one command and returns the answer in the format of Redis (RESP).
    pub fn command(&self, words: &[&str]) -> String {
        self.try_command(words).expect("an answer of Redis")
    }

    fn try_command(&self, words: &[&str]) -> std::io::Result<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        let mut request = format!("*{}\r\n", words.len());
        for word in words {
            request += &format!("${}\r\n{word}\r\n", word.len());
        }
        // Then the server closes the connection, which marks the end of the answer.
        stream.write_all(request.as_bytes())?;
        if self.arguments.iter().any(|argument| argument == "--sentinel") {
            // A Sentinel does not have this command.
            stream.shutdown(Shutdown::Write)?;
        } else {
            stream.write_all(b"*1\r\n$4\r\nQUIT\r\n")?;
        }
        let mut answer = String::new();
        BufReader::new(stream).read_to_string(&mut answer)?;
        if answer.is_empty() { Err(std::io::ErrorKind::UnexpectedEof.into()) } else { Ok(answer) }
    }

    fn signal(&self, signal: &str) {
        let process = self.process.as_ref().expect("a server of its own");
        let sent = Command::new("kill").args([signal, &process.id().to_string()]).status();
        assert!(sent.expect("kill").success());
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The program to start: `redis-server`, or the value of `SECURE_TESTS_REDIS_SERVER`.
fn program() -> String {
    std::env::var("SECURE_TESTS_REDIS_SERVER").unwrap_or_else(|_| "redis-server".to_owned())
}

/// A port on loopback that is free at this time.
pub fn free_port() -> u16 {
    let free = TcpListener::bind(("127.0.0.1", 0)).expect("a free port on loopback");
    free.local_addr().expect("its address").port()
}

/// Waits until a condition holds that depends on another process or thread, where no fake clock helps.
pub fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(60), "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}
