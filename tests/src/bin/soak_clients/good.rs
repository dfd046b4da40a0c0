//! The good clients: they send requests at a fixed pace, even if earlier responses are missing. Latency is
//! measured from the planned time of the request.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::time::{Duration, Instant};

use actix_web::rt::spawn;
use actix_web::rt::time::{sleep_until, timeout};
use actix_web::web::Bytes;
use futures_util::future::join_all;
use h2::client::{Builder, SendRequest};

use crate::callers::{ALONE, PASSWORD, SHARED, Tokens};
use crate::http1::{Answer, Connection};
use crate::http2;
use crate::request::Request;

/// The timeout of a good client.
const PATIENCE: Duration = Duration::from_secs(5);

/// A kind of good client and its requests.
struct Kind {
    name: &'static str,
    a_second: u32,
    from: Ipv4Addr,
    is_http2: bool,
    request: fn(&Tokens, u64) -> Request,
}

impl Kind {
    const fn http1(
        name: &'static str,
        a_second: u32,
        from: Ipv4Addr,
        request: fn(&Tokens, u64) -> Request,
    ) -> Self {
        Self { name, a_second, from, is_http2: false, request }
    }

    const fn http2(
        name: &'static str,
        a_second: u32,
        from: Ipv4Addr,
        request: fn(&Tokens, u64) -> Request,
    ) -> Self {
        Self { name, a_second, from, is_http2: true, request }
    }
}

/// Two hundred requests a second.
const KINDS: [Kind; 8] = [
    Kind::http1("items, HTTP/1.1", 60, SHARED, |tokens, turn| {
        Request::get(format!("/items/{}", turn * 2 % 1000)).by(tokens.of("ada"))
    }),
    Kind::http2("items, HTTP/2", 50, SHARED, |tokens, turn| {
        Request::get(format!("/items/{}", (turn * 2 + 1) % 1000)).by(tokens.of("linus"))
    }),
    Kind::http1("orders, HTTP/1.1", 30, ALONE, |tokens, turn| {
        Request::post("/orders", order(turn)).by(tokens.of("grace"))
    }),
    Kind::http2("orders, HTTP/2", 30, ALONE, |tokens, turn| {
        Request::post("/orders", order(turn)).by(tokens.of("barbara"))
    }),
    Kind::http1("reports, HTTP/1.1", 10, ALONE, |tokens, _| {
        Request::post("/reports", r#"{"rows":10}"#).by(tokens.of("grace"))
    }),
    Kind::http2("reports, HTTP/2", 5, SHARED, |tokens, _| {
        Request::post("/reports", r#"{"rows":20}"#).by(tokens.of("linus"))
    }),
    Kind::http1("logins, HTTP/1.1", 10, SHARED, |_, _| {
        Request::post("/login", format!(r#"{{"name":"ada","password":"{PASSWORD}"}}"#))
    }),
    Kind::http2("exports, HTTP/2", 5, ALONE, |tokens, _| {
        Request::get("/export?blocks=2").by(tokens.of("barbara"))
    }),
];

fn order(turn: u64) -> String {
    format!(
        r#"{{"lines":[{{"article":"apple-{turn}","quantity":3}},{{"article":"pear","quantity":1}}]}}"#
    )
}

/// The results of one kind of client in one phase.
#[derive(Default)]
pub(crate) struct Fared {
    pub(crate) name: &'static str,
    pub(crate) asked: u64,
    pub(crate) right: u64,
    /// Requests that were sent a second time, because the server had closed an idle connection.
    pub(crate) repeated: u64,
    /// The other responses, and how often each occurred.
    pub(crate) wrong: BTreeMap<String, u64>,
    /// The latencies of the correct responses.
    pub(crate) took: Vec<Duration>,
}

/// Runs all kinds of good clients until the time is over. This function blocks.
pub(crate) fn run(http1: SocketAddr, http2: SocketAddr, length: Duration) -> Vec<Fared> {
    actix_web::rt::System::new().block_on(async {
        let tokens = Rc::new(Tokens::new());
        let clients = KINDS.iter().map(|kind| {
            let to = if kind.is_http2 { http2 } else { http1 };
            let connections = RefCell::new(Vec::new());
            let client = Client { kind, to, connections, stream: RefCell::default() };
            Rc::new(client).run(Rc::clone(&tokens), length)
        });
        join_all(clients).await
    })
}

struct Client {
    kind: &'static Kind,
    to: SocketAddr,
    /// HTTP/1.1: the idle connections.
    connections: RefCell<Vec<Connection>>,
    /// HTTP/2: the only connection.
    stream: RefCell<Option<SendRequest<Bytes>>>,
}

impl Client {
    async fn run(self: Rc<Self>, tokens: Rc<Tokens>, length: Duration) -> Fared {
        let fared = Rc::new(RefCell::new(Fared { name: self.kind.name, ..Fared::default() }));
        let start = Instant::now();
        let mut asked = Vec::new();
        for turn in 0.. {
            let due = start + Duration::from_secs(turn) / self.kind.a_second;
            if due - start >= length {
                break;
            }
            sleep_until(due.into()).await;
            let request = (self.kind.request)(&tokens, turn);
            asked.retain(|task: &actix_web::rt::task::JoinHandle<()>| !task.is_finished());
            let (client, fared) = (Rc::clone(&self), Rc::clone(&fared));
            asked.push(spawn(async move { client.ask(&request, due, &fared).await }));
        }
        join_all(asked).await;
        fared.take()
    }

    async fn ask(&self, request: &Request, due: Instant, fared: &RefCell<Fared>) {
        let answer = match timeout(PATIENCE, self.exchange(request, fared)).await {
            Ok(Ok(200)) => None,
            Ok(Ok(status)) => Some(status.to_string()),
            Ok(Err(error)) => Some(error.to_string()),
            Err(_) => Some(format!("no answer in {PATIENCE:?}")),
        };
        let mut fared = fared.borrow_mut();
        fared.asked += 1;
        match answer {
            None => {
                fared.right += 1;
                fared.took.push(due.elapsed());
            }
            Some(answer) => *fared.wrong.entry(answer).or_default() += 1,
        }
    }

    async fn exchange(&self, request: &Request, fared: &RefCell<Fared>) -> io::Result<u16> {
        match self.kind.is_http2 {
            true => self.exchange_http2(request, fared).await,
            false => self.exchange_http1(request, fared).await,
        }
    }

    async fn exchange_http2(&self, request: &Request, fared: &RefCell<Fared>) -> io::Result<u16> {
        let open = self.stream.borrow().clone();
        if let Some(open) = open {
            match http2::exchange(open, request).await {
                Ok((status, _)) => return Ok(status),
                Err(_) => fared.borrow_mut().repeated += 1,
            }
        }
        let opened = http2::open(self.kind.from, self.to, &Builder::new()).await?;
        *self.stream.borrow_mut() = Some(opened.clone());
        http2::exchange(opened, request).await.map(|(status, _)| status)
    }

    async fn exchange_http1(&self, request: &Request, fared: &RefCell<Fared>) -> io::Result<u16> {
        let idle = self.connections.borrow_mut().pop();
        if let Some(mut idle) = idle {
            match ask(&mut idle, request).await {
                // The server closed the connection while it was idle.
                Err(_) if idle.is_untouched() => fared.borrow_mut().repeated += 1,
                answer => return self.keep(idle, answer),
            }
        }
        let mut opened = Connection::open(self.kind.from, self.to).await?;
        let answer = ask(&mut opened, request).await;
        self.keep(opened, answer)
    }

    /// Keeps the connection for the next request, unless the server closes it.
    fn keep(&self, connection: Connection, answer: io::Result<Answer>) -> io::Result<u16> {
        let answer = answer?;
        if !answer.is_last {
            self.connections.borrow_mut().push(connection);
        }
        Ok(answer.status)
    }
}

async fn ask(connection: &mut Connection, request: &Request) -> io::Result<Answer> {
    connection.write(&request.bytes()).await?;
    connection.answer().await
}
