//! A Redis server on loopback that a test can stop, restart and pause.
//!
//! `cargo xtask test` starts one server for all tests and passes its address in `SECURE_TESTS_REDIS`; tests
//! that only send commands share it. Without that variable, and for tests that need a server of their own,
//! `redis-server` is started, or the program in `SECURE_TESTS_REDIS_SERVER`.

use std::io::{BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A server, stopped when this is dropped if it was started here.
pub struct RedisServer {
    port: u16,
    process: Option<Child>,
    /// What it is started with beside its address.
    arguments: Vec<String>,
}

impl RedisServer {
    /// The one that all tests share. What they write needs names of their own.
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

    /// One that this test has for itself, empty.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// One of its own that is started with these arguments, and again each time.
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

    /// Ends it, with all it knew.
    pub fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().expect("a process that can be stopped");
            process.wait().expect("its end");
        }
    }

    /// Starts it again at the same address, empty.
    pub fn restart(&mut self) {
        self.stop();
        let port = self.port.to_string();
        let program = program();
        let process = Command::new(&program)
            .args(&self.arguments)
            .args(["--port", &port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
            .args(["--dir", &std::env::temp_dir().display().to_string()])
            // What another server has left there is not read.
            .args(["--dbfilename", &format!("none-{port}.rdb"), "--rdb-del-sync-files", "yes"])
            .stdout(Stdio::null())
            .spawn();
        self.process =
            Some(process.unwrap_or_else(|error| panic!("{program}: {error}; install it")));
        eventually("the server answers", || self.try_command(&["PING"]).is_ok());
    }

    /// Lets it take connections and answer nothing.
    pub fn pause(&self) {
        self.signal("-STOP");
    }

    /// Ends a [`pause`](Self::pause).
    pub fn resume(&self) {
        self.signal("-CONT");
    }

    /// Waits until a replica has everything.
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

    /// One command, and what comes back in Redis' own form.
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
        // Then it closes, and the end of the answer is the end of the stream.
        stream.write_all(request.as_bytes())?;
        if self.arguments.iter().any(|argument| argument == "--sentinel") {
            // A Sentinel does not know the word.
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

/// What is started as a server: `redis-server`, or what `SECURE_TESTS_REDIS_SERVER` names.
fn program() -> String {
    std::env::var("SECURE_TESTS_REDIS_SERVER").unwrap_or_else(|_| "redis-server".to_owned())
}

/// A port on loopback that nobody listens on now.
pub fn free_port() -> u16 {
    let free = TcpListener::bind(("127.0.0.1", 0)).expect("a free port on loopback");
    free.local_addr().expect("its address").port()
}

/// Waits for what another process or thread does; there is no clock to turn for it.
pub fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(60), "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}
