//! Introspection endpoints that are down, slow, moved or overloaded.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

use super::*;

/// Responses that mean that the endpoint is unavailable: one request finds this out, and the following requests are
/// answered at once.
#[actix_web::test]
async fn a_provider_that_is_out_of_reach_is_not_asked_by_every_request() {
    let internal = "http://169.254.169.254/introspect".to_owned();
    for manners in [
        Manners::Down(401),
        Manners::Down(404),
        Manners::Down(429),
        Manners::Down(502),
        Manners::Down(503),
        Manners::Down(504),
        Manners::Redirecting(internal),
    ] {
        let world = World::new();
        world.know("seen");
        assert_eq!(world.status("seen").await, 200);
        world.endpoint.behave(manners.clone());
        for number in 0..20 {
            let token = format!("token-{number}");
            world.know(&token);
            world.is_unavailable(&token, &format!("{manners:?}")).await;
            assert_eq!(world.status("seen").await, 200, "what is known stays known");
        }
        assert_eq!(world.endpoint.asked(), 2, "{manners:?}");
        // The endpoint is still down when the pause ends, and recovers later.
        world.clock.advance(Duration::from_secs(20));
        world.is_unavailable("token-1", "still down").await;
        world.is_unavailable("token-2", "still down").await;
        assert_eq!(world.endpoint.asked(), 3, "{manners:?}");
        world.endpoint.behave(Manners::Good);
        world.clock.advance(Duration::from_secs(20));
        world.know("token-1");
        assert_eq!(world.status("token-1").await, 200, "{manners:?}");
        world.know("token-2");
        assert_eq!(world.status("token-2").await, 200, "{manners:?}");
    }
}

#[actix_web::test]
async fn a_slow_provider_is_waited_for_once_and_never_longer_than_the_timeout() {
    // Long enough for an answer on a busy machine.
    let patience = Duration::from_millis(1500);
    let world = World::with(|endpoint| fitting(endpoint).timeout(patience));
    world.endpoint.behave(Manners::Holding);
    let begun = std::time::Instant::now();
    world.is_unavailable("one", "slow").await;
    assert!(begun.elapsed() >= patience);
    for number in 0..20 {
        world.is_unavailable(&format!("token-{number}"), "slow").await;
    }
    assert_eq!(world.endpoint.asked(), 1);
    world.endpoint.behave(Manners::Good);
    world.know("one");
    world.clock.advance(Duration::from_secs(60));
    world.know("one");
    assert_eq!(world.status("one").await, 200);
}

#[actix_web::test]
async fn a_provider_that_is_not_there_is_unavailable() {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let world = World::with(|_| {
        Introspection::at(format!("http://{address}/introspect"))
            .client_secret_basic("a", "b")
            .issuer(ISSUER)
            .audience("test")
    });
    world.is_unavailable("token", "nobody listens").await;
}

/// A service that gets no requests while it is not ready retries by itself.
#[actix_web::test]
async fn readiness_follows_the_last_attempt_and_recovers_without_requests() {
    let (endpoint, clock) = (IntrospectionEndpoint::start(), FakeClock::new());
    let authenticator = fitting(&endpoint).into_authenticator().unwrap();
    let ready = || authenticator.ready(clock.now());
    assert_eq!(ready(), Ok(()), "nothing was asked yet");
    endpoint.behave(Manners::Down(503));
    let line = ("authorization", "Bearer token");
    let Attempt::Pending(asked) = authenticate(&*authenticator, &[line], clock.now()) else {
        panic!("the provider is asked");
    };
    drop(asked.await);
    let cause = ready().unwrap_err();
    assert!(cause.ends_with("/introspect` answered 503"), "{cause}");
    assert_eq!(endpoint.asked(), 1, "it is not asked again at once");
    endpoint.behave(Manners::Good);
    clock.advance(Duration::from_secs(1));
    ready().unwrap_err();
    endpoint.until_asked(2).await;
    while ready().is_err() {
        actix_web::rt::time::sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(endpoint.asked(), 2);
}

#[actix_web::test]
async fn a_client_that_the_provider_does_not_know_is_no_fault_of_the_caller() {
    let world = World::with(|endpoint| {
        let at = Introspection::at(endpoint.url()).client_secret_basic("shop api", "another");
        at.issuer(ISSUER).audience("test")
    });
    world.know("good");
    world.is_unavailable("good", "401 for the client").await;
}

#[actix_web::test]
async fn all_that_wait_for_a_token_share_one_question() {
    let world = World::new();
    world.know("good");
    world.endpoint.behave(Manners::Holding);
    let line = bearer("good");
    let headers = [line.as_str()];
    let waiting = join_all((0..50).map(|_| world.server.get("/orders", &headers)));
    let release = async {
        world.endpoint.until_asked(1).await;
        world.endpoint.behave(Manners::Good);
    };
    let (answers, ()) = futures_util::future::join(waiting, release).await;
    assert!(answers.iter().all(|answer| answer.status == 200));
    assert_eq!((world.runs.so_far(), world.endpoint.asked()), (50, 1));
}

/// Introspection requests complete while other threads look for one to join: no token is sent twice.
#[actix_web::test]
async fn threads_that_ask_at_once_share_their_questions() {
    let (endpoint, clock) = (IntrospectionEndpoint::start(), FakeClock::new());
    let authenticator = fitting(&endpoint).into_authenticator().unwrap();
    for number in 0..40 {
        let answer = json!({ "active": true, "sub": "ada", "aud": "test" });
        endpoint.know(format!("token-{number}"), answer);
    }
    let now = clock.now();
    // Half of the tokens are valid.
    let ask = move |number: usize| {
        let line = format!("Bearer token-{number}");
        let is_good = match authenticate(&*authenticator, &[("authorization", &line)], now) {
            Attempt::Accepted(_) => true,
            Attempt::Refused(refusal) => refusal.code() != RefusalCode::InvalidToken,
            // Pending results are ignored, because there are more rounds.
            _ => return false,
        };
        assert_eq!(is_good, number < 40);
        true
    };
    let threads = (0..4).map(|_| {
        let ask = ask.clone();
        actix_web::rt::task::spawn_blocking(move || {
            // Until all results are cached and no introspection request is in flight.
            while (0..80).filter(|number| ask(*number)).count() < 80 {}
        })
    });
    for thread in join_all(threads).await {
        thread.unwrap();
    }
    assert_eq!(endpoint.asked(), 80);
}

#[actix_web::test]
async fn who_leaves_does_not_end_what_others_wait_for() {
    let (endpoint, clock) = (IntrospectionEndpoint::start(), FakeClock::new());
    let authenticator = fitting(&endpoint).into_authenticator().unwrap();
    endpoint.know("good", json!({ "active": true, "sub": "ada", "aud": "test" }));
    endpoint.behave(Manners::Holding);
    let ask =
        |header: &str| authenticate(&*authenticator, &[("authorization", header)], clock.now());
    let wait = || match ask("Bearer good") {
        Attempt::Pending(waiting) => waiting,
        _ => panic!("known already"),
    };
    let leaving = wait();
    endpoint.until_asked(1).await;
    let (staying, other) = (wait(), wait());
    drop(leaving);
    drop(other);
    endpoint.behave(Manners::Good);
    assert!(matches!(staying.await, Verdict::Accepted(caller) if caller.subject() == "ada"));
    assert_eq!(endpoint.asked(), 1);
    // Nobody waits for this answer, but it is cached nevertheless.
    endpoint.know("left", json!({ "active": true, "sub": "eve", "aud": "test" }));
    drop(ask("Bearer left"));
    endpoint.until_asked(2).await;
    loop {
        match ask("Bearer left") {
            Attempt::Accepted(caller) => break assert_eq!(caller.subject(), "eve"),
            Attempt::Pending(_) => actix_web::rt::task::yield_now().await,
            _ => panic!("refused"),
        }
    }
    assert_eq!(endpoint.asked(), 2);
}

#[actix_web::test]
async fn an_authenticator_that_is_gone_keeps_nobody_waiting() {
    let (endpoint, clock) = (IntrospectionEndpoint::start(), FakeClock::new());
    let authenticator = fitting(&endpoint).into_authenticator().unwrap();
    endpoint.behave(Manners::Holding);
    let attempt = authenticate(&*authenticator, &[("authorization", "Bearer x")], clock.now());
    let Attempt::Pending(waiting) = attempt else { panic!("known already") };
    endpoint.until_asked(1).await;
    drop(authenticator);
    let Verdict::Refused(refusal) = waiting.await else { panic!("accepted") };
    assert_eq!(refusal.code(), RefusalCode::Unavailable);
    endpoint.behave(Manners::Good);
}

#[actix_web::test]
async fn a_flood_of_tokens_ends_in_503_and_not_in_memory() {
    let (endpoint, clock) = (IntrospectionEndpoint::start(), FakeClock::new());
    let patience = Duration::from_secs(30);
    let authenticator = fitting(&endpoint).timeout(patience).into_authenticator().unwrap();
    let ask = |token: String| {
        let line = format!("Bearer {token}");
        authenticate(&*authenticator, &[("authorization", &line)], clock.now())
    };
    endpoint.know("seen", json!({ "active": true, "sub": "ada", "aud": "test" }));
    let Attempt::Pending(seen) = ask("seen".to_owned()) else { panic!("known already") };
    assert!(matches!(seen.await, Verdict::Accepted(_)));

    endpoint.behave(Manners::Holding);
    let flood: Vec<_> = (0..3000).map(|number| ask(format!("token-{number}"))).collect();
    let waiting = flood.iter().filter(|attempt| matches!(attempt, Attempt::Pending(_))).count();
    let refused = flood.iter().filter(|attempt| match attempt {
        Attempt::Refused(refusal) => refusal.code() == RefusalCode::Unavailable,
        _ => false,
    });
    assert_eq!((waiting, refused.count()), (1024, 3000 - 1024));
    endpoint.until_asked(33).await;
    assert!(matches!(ask("seen".to_owned()), Attempt::Accepted(_)));
    endpoint.behave(Manners::Good);
    for attempt in flood {
        if let Attempt::Pending(waiting) = attempt {
            let Verdict::Refused(refusal) = waiting.await else { panic!("accepted") };
            assert_eq!(refusal.code(), RefusalCode::InvalidToken);
        }
    }
    assert_eq!((endpoint.asked(), endpoint.most_at_once()), (1025, 32));
    assert!(matches!(ask("another".to_owned()), Attempt::Pending(_)));
}

#[actix_web::test]
async fn no_more_questions_are_under_way_than_so_many() {
    let world = World::with(|endpoint| fitting(endpoint).at_once(3));
    world.endpoint.behave(Manners::Holding);
    let tokens: Vec<_> = (0..40).map(|number| format!("token-{number}")).collect();
    tokens.iter().for_each(|token| world.know(token));
    let lines: Vec<_> = tokens.iter().map(|token| bearer(token)).collect();
    let headers: Vec<_> = lines.iter().map(|line| [line.as_str()]).collect();
    let all = join_all(headers.iter().map(|line| world.server.get("/orders", line)));
    let release = async {
        world.endpoint.until_asked(3).await;
        world.endpoint.behave(Manners::Good);
    };
    let (answers, ()) = futures_util::future::join(all, release).await;
    assert!(answers.iter().all(|answer| answer.status == 200), "they wait for their turn");
    assert_eq!((world.endpoint.asked(), world.endpoint.most_at_once()), (40, 3));
}

/// A server on loopback whose connections are served by hand; returns its counters and its address.
fn by_hand(serve: impl Fn(&mut TcpStream, &Runs) + Send + 'static) -> (Runs, Introspection) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = Introspection::at(format!("http://{}/", listener.local_addr().unwrap()));
    let asked = Runs::default();
    let counted = asked.clone();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            serve(&mut stream, &counted);
        }
    });
    (asked, at.client_secret_basic("a", "b").issuer(ISSUER).audience("test"))
}

const ANSWER: &str = r#"{"active":true,"sub":"ada","aud":"test","scope":"orders:read"}"#;

fn send(stream: &mut TcpStream, announced: usize, body: &str) {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json";
    let _ = write!(stream, "{head}\r\ncontent-length: {announced}\r\n\r\n{body}");
}

#[actix_web::test]
async fn a_connection_that_ended_meanwhile_is_no_outage() {
    let (asked, introspection) = by_hand(|stream, asked| {
        let mut question = [0; 4096];
        let _ = stream.read(&mut question);
        asked.count();
        send(stream, ANSWER.len(), ANSWER);
        // The server reads the next request and closes the connection.
        let _ = stream.read(&mut question);
    });
    let world = World::with(|_| introspection);
    for number in 0..5 {
        assert_eq!(world.status(&format!("token-{number}")).await, 200, "{number}");
    }
    assert_eq!(asked.so_far(), 5);
}

#[actix_web::test]
async fn an_answer_that_ends_in_its_middle_is_none_and_a_silent_connection_is_tried_twice() {
    let (asked, introspection) = by_hand(|stream, asked| {
        let _ = stream.read(&mut [0; 4096]);
        asked.count();
        send(stream, ANSWER.len() + 1, ANSWER);
    });
    World::with(|_| introspection).is_unavailable("token", "one byte is missing").await;
    assert_eq!(asked.so_far(), 1);

    let (asked, introspection) = by_hand(|stream, asked| {
        let _ = stream.read(&mut [0; 4096]);
        asked.count();
    });
    World::with(|_| introspection).is_unavailable("token", "nothing was said").await;
    assert_eq!(asked.so_far(), 2);
}
