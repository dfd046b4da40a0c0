//! Starts the service's process and observes it: memory, sockets, log, and the state of its limits.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::Value;

/// The maximum number of printed log lines.
const SHOWN: usize = 20;

pub(crate) struct Service {
    process: Child,
    pub(crate) http1: SocketAddr,
    pub(crate) http2: SocketAddr,
    operator: SocketAddr,
    panics: Arc<AtomicU64>,
    errors: Arc<AtomicU64>,
}

/// The state of one limit on requests in flight.
pub(crate) struct AtOnce {
    pub(crate) id: String,
    pub(crate) serving: u64,
    pub(crate) waiting: u64,
    /// Requests whose client disconnected while they were queued.
    pub(crate) left: u64,
}

impl Service {
    /// Starts the service in a separate process.
    pub(crate) fn start() -> Self {
        let program = std::env::current_exe().expect("this program");
        let mut command = Command::new(program);
        command.arg("serve").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn().expect("a process for the service");
        let mut first = String::new();
        let output = process.stdout.take().expect("its output");
        BufReader::new(output).read_line(&mut first).expect("its first line");
        let ports: Vec<u16> = first.split_whitespace().flat_map(str::parse).collect();
        let [http1, http2, operator] = ports.as_slice() else {
            panic!("expected three ports, found `{first}`");
        };
        let [http1, http2, operator] =
            [*http1, *http2, *operator].map(|port| (Ipv4Addr::LOCALHOST, port).into());
        let (panics, errors) = (Arc::<AtomicU64>::default(), Arc::<AtomicU64>::default());
        let log = BufReader::new(process.stderr.take().expect("its log"));
        let counts = (Arc::clone(&panics), Arc::clone(&errors));
        std::thread::spawn(move || {
            for (number, line) in log.lines().map_while(Result::ok).enumerate() {
                if number < SHOWN {
                    eprintln!("service: {line}");
                }
                let count = if line.contains("panicked at") { &counts.0 } else { &counts.1 };
                count.fetch_add(1, Ordering::Relaxed);
            }
        });
        Self { process, http1, http2, operator, panics, errors }
    }

    /// The number of panics so far.
    pub(crate) fn panics(&self) -> u64 {
        self.panics.load(Ordering::Relaxed)
    }

    /// The log lines that are not about a panic.
    pub(crate) fn errors(&self) -> u64 {
        self.errors.load(Ordering::Relaxed)
    }

    /// The second number of proc(5)'s `statm`, in pages of 4 KiB.
    pub(crate) fn resident_bytes(&self) -> u64 {
        let statm = std::fs::read_to_string(format!("/proc/{}/statm", self.process.id()));
        let statm = statm.expect("Linux' /proc, and a service that runs");
        let pages = statm.split_whitespace().nth(1).and_then(|pages| pages.parse::<u64>().ok());
        pages.expect("a number of pages") * 4096
    }

    pub(crate) fn open_sockets(&self) -> usize {
        let files = std::fs::read_dir(format!("/proc/{}/fd", self.process.id()));
        let files = files.expect("Linux' /proc, and a service that runs").flatten();
        let targets = files.flat_map(|file| std::fs::read_link(file.path()));
        targets.filter(|target| target.to_string_lossy().starts_with("socket:")).count()
    }

    /// Closes the door, so that handlers wait.
    pub(crate) fn close_door(&self) {
        self.ask("POST /close");
    }

    pub(crate) fn open_door(&self) {
        self.ask("POST /open");
    }

    pub(crate) fn at_once(&self) -> Vec<AtOnce> {
        let statistics: Value = serde_json::from_str(&self.ask("GET /statistics")).expect("JSON");
        let rows = statistics.get("concurrency").and_then(Value::as_array).cloned();
        let number = |row: &Value, name: &str| row.get(name).and_then(Value::as_u64);
        rows.unwrap_or_default()
            .iter()
            .map(|row| AtOnce {
                id: row.get("id").and_then(Value::as_str).unwrap_or_default().to_owned(),
                serving: number(row, "serving").expect("a number"),
                waiting: number(row, "waiting").expect("a number"),
                left: number(row, "left").expect("a number"),
            })
            .collect()
    }

    /// The body of the response.
    fn ask(&self, line: &str) -> String {
        let mut stream = TcpStream::connect(self.operator).expect("the operator's port");
        let request = format!(
            "{line} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).expect("a question");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // The process may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
