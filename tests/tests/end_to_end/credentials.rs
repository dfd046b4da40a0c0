//! Hostile credentials: unusual headers, tokens that are expired or for another service, and identities that
//! imitate others.

use std::time::Duration;

use actix_web::{App, HttpResponse, get};
use secure_runtime::authentication::{Attempt, Authenticator, Challenge, Presented};
use secure_runtime::testing::{FakeClock, Issuer};
use secure_runtime::{Moment, Principal, RequestHead, Security, secure};
use secure_tests::{TestServer, bearer};

#[secure]
#[get("/me")]
async fn me(caller: Principal) -> String {
    caller.subject().to_owned()
}

#[secure(auth = named, rate = "1/h")]
#[get("/once")]
async fn once() -> HttpResponse {
    HttpResponse::Ok().finish()
}

#[secure(auth = optional, rate = "1/h")]
#[get("/anybody")]
async fn anybody() -> HttpResponse {
    HttpResponse::Ok().finish()
}

#[secure(auth = named, rate("4294967295/d", cost = 4294967295))]
#[get("/most")]
async fn most() -> HttpResponse {
    HttpResponse::Ok().finish()
}

#[secure(auth = named, rate = "1/49710d")]
#[get("/longest")]
async fn longest() -> HttpResponse {
    HttpResponse::Ok().finish()
}

#[secure(auth = named, rate = ["5/s", "8/h"])]
#[get("/windows")]
async fn windows() -> HttpResponse {
    HttpResponse::Ok().finish()
}

mod first {
    use super::*;

    #[secure(auth = named, roles = "reader")]
    #[get("/first")]
    pub(super) async fn first() -> HttpResponse {
        HttpResponse::Ok().finish()
    }
}

mod second {
    use super::*;

    #[secure(auth = named, roles = "owner")]
    #[get("/second")]
    pub(super) async fn second() -> HttpResponse {
        HttpResponse::Ok().finish()
    }
}

/// Trusts the request's header; one principal, the reader, is created once and shared by all requests.
#[derive(Clone)]
struct Named(Principal);

impl Named {
    fn new() -> Self {
        Self(Principal::builder("shared").role("reader").build())
    }
}

impl Authenticator for Named {
    fn challenge(&self) -> Challenge {
        Challenge::new("Named").parameter("realm", "a\"\r\nset-cookie: x=1\u{e9}")
    }

    fn presented(&self, request: &RequestHead<'_>) -> Presented<'_> {
        Presented::by_header(request, "x-subject")
    }

    fn authenticate(&self, request: &RequestHead<'_>, _: Moment) -> Attempt {
        let text = |name| request.header(name).map(|it| String::from_utf8_lossy(it).into_owned());
        match (text("x-issuer"), text("x-subject")) {
            (_, None) => Attempt::Absent,
            (_, Some(subject)) if subject == "shared" => Attempt::Accepted(self.0.clone()),
            (None, Some(subject)) => Attempt::Accepted(Principal::builder(subject).build()),
            (Some(issuer), Some(subject)) => {
                Attempt::Accepted(Principal::builder(subject).issuer(issuer).build())
            }
        }
    }
}

fn server() -> (TestServer, Issuer, FakeClock) {
    let (builder, issuer, clock) = crate::security(module_path!());
    let builder = builder.named_authenticator("named", Named::new());
    let server = TestServer::start(&builder.build().unwrap(), || {
        secure_runtime::scope("")
            .service(me)
            .service(once)
            .service(most)
            .service(longest)
            .service(windows)
    });
    (server, issuer, clock)
}

#[actix_web::test]
async fn only_one_well_formed_authorization_line_names_a_caller() {
    let (server, issuer, _) = server();
    let token = issuer.token("ada").sign();
    let send = async |lines: &[u8]| {
        let mut bytes = b"GET /me HTTP/1.1\r\nhost: x\r\nconnection: close\r\n".to_vec();
        bytes.extend_from_slice(lines);
        bytes.extend_from_slice(b"\r\n");
        let answer = server.raw(bytes).await;
        answer.get(9..12).unwrap_or_default().to_owned()
    };
    let line = |value: &str| format!("authorization: {value}\r\n").into_bytes();
    // First, so that the token is cached before its unusual forms arrive.
    for good in ["Bearer T", "bearer T", "BEARER    T", "Bearer T  ", "  Bearer T"] {
        assert_eq!(send(&line(&good.replace('T', &token))).await, "200", "{good:?}");
    }
    let bad = [
        "Bearer\tT",
        "Bearer T T",
        "Bearer T, Bearer T",
        "Bearer T,T",
        "Bearer \"T\"",
        "Bearer T=",
        "Bearer T\0",
        "Bearer\0T",
        "Bearer\r\n T",
        "Bearer T;x",
        "Bearer: T",
        "Bearer,T",
        "Bearer \tT",
        "T",
        "Token T",
        "Basic T",
        "BearerT",
        "Bearer",
        "Bearer ",
        "\"Bearer\" T",
        "Bearer T\u{a0}",
        "Bearer T.",
        "Bearer .T",
        "Bearer T.T",
        "Bearer%20T",
        "Bearer T\u{7f}",
    ];
    for bad in bad {
        let status = send(&line(&bad.replace('T', &token))).await;
        assert!(matches!(status.as_str(), "400" | "401"), "{bad:?}: {status}");
    }
    let two = [line(&format!("Bearer {token}")), line(&format!("Bearer {token}"))].concat();
    assert_eq!(send(&two).await, "400");
    let other = [line(&format!("Bearer {token}")), line("Basic YTpi")].concat();
    assert_eq!(send(&other).await, "400");
    let many: Vec<u8> = (0..60).flat_map(|_| line("Bearer x")).collect();
    assert_eq!(send(&many).await, "400");
    let long = send(&line(&format!("Bearer {}", "a".repeat(60_000)))).await;
    assert!(matches!(long.as_str(), "400" | "401"), "{long}");
    let dots = send(&line(&format!("Bearer {}", ".".repeat(30_000)))).await;
    assert!(matches!(dots.as_str(), "400" | "401"), "{dots}");
    let in_query = server.get(&format!("/me?access_token={token}"), &[]).await;
    assert_eq!(in_query.status, 401);
}

#[actix_web::test]
async fn a_remembered_token_ends_with_its_time() {
    let (server, issuer, clock) = server();
    let token = bearer(&issuer.token("ada").sign());
    let status = async || server.get("/me", &[&token]).await.status;
    assert_eq!(status().await, 200);
    clock.advance(Duration::from_secs(3599));
    assert_eq!(status().await, 200);
    clock.advance(Duration::from_secs(3600));
    assert_eq!(status().await, 401, "expired in the cache");
    assert_eq!(status().await, 401, "expired and forgotten");
}

#[actix_web::test]
async fn a_remembered_token_is_not_valid_before_its_time() {
    let (server, issuer, clock) = server();
    let now = secure_runtime::Clock::now(&clock).unix_seconds();
    let token = bearer(&issuer.token("ada").claim("nbf", now).claim("iat", now).sign());
    let status = async || server.get("/me", &[&token]).await.status;
    assert_eq!(status().await, 200);
    clock.jump_wall(-7200);
    assert_eq!(status().await, 401);
    clock.jump_wall(7200);
    assert_eq!(status().await, 200);
}

#[actix_web::test]
async fn what_one_security_has_verified_means_nothing_to_another() {
    let (builder, issuer, clock) = crate::security(module_path!());
    let named = Named::new();
    let ours = builder.named_authenticator("named", named.clone()).build().unwrap();
    let other = issuer.clone().audience("another service");
    let theirs = Security::builder()
        .answers_for(module_path!())
        .clock(clock)
        .authenticator("jwt", other.jwt())
        .named_authenticator("named", named)
        .build()
        .unwrap();
    let server = TestServer::run(move || {
        App::new()
            .service(secure_runtime::scope("/ours").app_data(ours.clone()).service(me))
            .service(secure_runtime::scope("/theirs").app_data(theirs.clone()).service(me))
    });
    let token = bearer(&issuer.token("ada").sign());
    for _ in 0..2 {
        assert_eq!(server.get("/ours/me", &[&token]).await.status, 200);
        assert_eq!(server.get("/theirs/me", &[&token]).await.status, 401);
    }
    let token = bearer(&other.token("ada").sign());
    for _ in 0..2 {
        assert_eq!(server.get("/theirs/me", &[&token]).await.status, 200);
        assert_eq!(server.get("/ours/me", &[&token]).await.status, 401);
    }
}

/// In each set of rules the only role has the first bit.
#[actix_web::test]
async fn a_principal_that_one_rule_set_has_judged_is_judged_anew_by_another() {
    let named = Named::new();
    let security = |module: &str| {
        let builder = Security::builder().answers_for(module);
        builder.named_authenticator("named", named.clone()).build().unwrap()
    };
    let readers = security(concat!(module_path!(), "::first"));
    let owners = security(concat!(module_path!(), "::second"));
    let server = TestServer::run(move || {
        App::new()
            .service(secure_runtime::scope("/r").app_data(readers.clone()).service(first::first))
            .service(secure_runtime::scope("/o").app_data(owners.clone()).service(second::second))
    });
    for _ in 0..2 {
        assert_eq!(server.get("/r/first", &["x-subject: shared"]).await.status, 200);
        assert_eq!(server.get("/o/second", &["x-subject: shared"]).await.status, 403);
    }
}

#[actix_web::test]
async fn identities_that_read_alike_count_apart() {
    let (server, _, _) = server();
    let identities: [&[&str]; 9] = [
        &["x-subject: ab"],
        &["x-issuer: a", "x-subject: b"],
        &["x-issuer: b", "x-subject: a"],
        &["x-issuer: ab", "x-subject: "],
        &["x-issuer: ", "x-subject: ab"],
        &["x-subject: AB"],
        &["x-subject: 127.0.0.1"],
        &["x-issuer: 127.0.0.1", "x-subject: ab"],
        &["x-issuer: https://a", "x-subject: /b"],
    ];
    for identity in identities {
        assert_eq!(server.get("/once", identity).await.status, 200, "{identity:?}");
    }
    for identity in identities {
        assert_eq!(server.get("/once", identity).await.status, 429, "{identity:?}");
    }
}

#[actix_web::test]
async fn a_subject_that_reads_like_an_address_does_not_use_up_the_address() {
    let builder = Security::builder().answers_for(module_path!());
    let builder = builder.authenticator("names", Named::new());
    let security = builder.named_authenticator("named", Named::new()).build().unwrap();
    let server = TestServer::start(&security, || secure_runtime::scope("").service(anybody));
    let subject: &[&str] = &["x-subject: 127.0.0.1"];
    assert_eq!(server.get("/anybody", subject).await.status, 200);
    assert_eq!(server.get("/anybody", &[]).await.status, 200);
    assert_eq!(server.get("/anybody", subject).await.status, 429);
    assert_eq!(server.get("/anybody", &[]).await.status, 429);
}

#[actix_web::test]
async fn limits_at_the_edge_of_their_numbers_are_exact() {
    let (server, _, clock) = server();
    let ada: &[&str] = &["x-subject: ada"];
    assert_eq!(server.get("/most", ada).await.status, 200);
    let refused = server.get("/most", ada).await;
    // A little more than a day: a permit takes a whole number of nanoseconds, rounded up.
    assert_eq!((refused.status, refused.header("retry-after")), (429, Some("86402")));
    assert_eq!(server.get("/longest", ada).await.status, 200);
    let refused = server.get("/longest", ada).await;
    assert_eq!((refused.status, refused.header("retry-after")), (429, Some("4294944000")));
    clock.advance(Duration::from_secs(4_294_944_000));
    assert_eq!(server.get("/longest", ada).await.status, 200);
    assert_eq!(server.get("/longest", ada).await.status, 429);
}

#[actix_web::test]
async fn parallel_requests_under_two_windows_lose_and_gain_nothing() {
    let (server, _, clock) = server();
    let ada: &[&str] = &["x-subject: ada"];
    let admitted = async || {
        let requests = (0..60).map(|_| server.get("/windows", ada));
        let answers = futures_util::future::join_all(requests).await;
        answers.iter().filter(|answer| answer.status == 200).count()
    };
    assert_eq!(admitted().await, 5);
    clock.advance(Duration::from_secs(1));
    assert_eq!(admitted().await, 3, "the hour has three left");
    clock.advance(Duration::from_secs(1));
    assert_eq!(admitted().await, 0);
    // The requests that the hourly limit refused were given back to the limit per second.
    clock.advance(Duration::from_secs(448));
    assert_eq!(admitted().await, 1);
    clock.advance(Duration::from_secs(5 * 450));
    assert_eq!(admitted().await, 5);
}

#[actix_web::test]
async fn a_challenge_is_one_header_whatever_its_parameters_hold() {
    let (server, _, _) = server();
    let answer = server.get("/once", &[]).await;
    assert_eq!(answer.header("www-authenticate"), Some(r#"Named realm="a\"set-cookie: x=1""#));
    assert_eq!(answer.header("set-cookie"), None);
}
