//! A proxy in front of Redis whose clock a test can set: scripts that run through it see the test's time.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::RedisServer;

/// Forwards all commands, but replaces the server's time that scripts read.
pub struct ClockedRedis {
    port: u16,
    ahead: Arc<AtomicI64>,
}

impl ClockedRedis {
    pub fn before(redis: &RedisServer) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port on loopback");
        let port = listener.local_addr().expect("its address").port();
        let (ahead, server) = (Arc::new(AtomicI64::new(0)), redis.port());
        let of_connections = Arc::clone(&ahead);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let Ok(upstream) = TcpStream::connect(("127.0.0.1", server)) else { continue };
                let ahead = Arc::clone(&of_connections);
                let there = upstream.try_clone().expect("a second handle");
                let back = client.try_clone().expect("a second handle");
                // The two threads end with their connections.
                std::thread::spawn(move || hand_on(client, there, &ahead));
                std::thread::spawn(move || answer(upstream, back));
            }
        });
        Self { port, ahead }
    }

    /// How many seconds its clock is ahead of this machine's.
    pub fn set_ahead(&self, seconds: i64) {
        self.ahead.store(seconds, Ordering::SeqCst);
    }

    /// `redis://127.0.0.1:PORT/`
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }
}

fn answer(mut upstream: TcpStream, mut client: TcpStream) {
    // An error means that one side has disconnected.
    let _ = std::io::copy(&mut upstream, &mut client);
}

fn hand_on(client: TcpStream, mut upstream: TcpStream, ahead: &AtomicI64) {
    let mut commands = BufReader::new(client);
    while let Some(mut words) = command(&mut commands) {
        let keys = words.get(2).and_then(|word| std::str::from_utf8(word).ok()?.parse().ok());
        let is_script = words.first().is_some_and(|word| word.starts_with(b"EVAL"));
        if let (true, Some(keys)) = (is_script, keys) {
            let keys: usize = keys;
            if let Some(time) = words.get_mut(3 + keys).filter(|time| time.is_empty()) {
                *time = shown(ahead.load(Ordering::SeqCst)).into_bytes();
            }
        }
        let mut bytes = format!("*{}\r\n", words.len()).into_bytes();
        for word in words {
            bytes.extend(format!("${}\r\n", word.len()).into_bytes());
            bytes.extend(word);
            bytes.extend(b"\r\n");
        }
        if upstream.write_all(&bytes).is_err() {
            return;
        }
    }
}

fn shown(ahead: i64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a time after 1970");
    let nanos = i128::try_from(now.as_nanos()).expect("a time that fits");
    format!("{:010}", nanos + i128::from(ahead) * 1_000_000_000)
}

/// The words of the next command; `None` at the end of the connection.
fn command(from: &mut BufReader<TcpStream>) -> Option<Vec<Vec<u8>>> {
    (0..number(from, '*')?).map(|_| word(from)).collect()
}

fn word(from: &mut BufReader<TcpStream>) -> Option<Vec<u8>> {
    let mut word = vec![0; number(from, '$')? + 2];
    from.read_exact(&mut word).ok()?;
    word.truncate(word.len() - 2);
    Some(word)
}

fn number(from: &mut BufReader<TcpStream>, mark: char) -> Option<usize> {
    let mut line = String::new();
    from.read_line(&mut line).ok()?;
    line.trim_end().strip_prefix(mark)?.parse().ok()
}
