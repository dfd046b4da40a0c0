//! The parts of a request that an application's authenticator can read besides the headers.

use std::collections::BTreeMap;

use actix_web::dev::Service;
use actix_web::{App, HttpMessage, HttpServer, get, web};
use secure_runtime::authentication::{Attempt, Authenticator, Challenge, Presented};
use secure_runtime::{
    ForwardingHeader, Moment, Principal, RequestHead, Security, TrustedProxies, secure,
};
use secure_tests::{TestServer, free_port};

/// Puts everything that the authenticator sees into claims.
struct Curious;

impl Authenticator for Curious {
    fn challenge(&self) -> Challenge {
        Challenge::new("Curious")
    }

    fn presented(&self, _: &RequestHead<'_>) -> Presented<'_> {
        Presented::Connection
    }

    fn authenticate(&self, request: &RequestHead<'_>, _: Moment) -> Attempt {
        let text = |value: Option<&str>| value.unwrap_or("-").to_owned();
        let seen = BTreeMap::from([
            ("extension", text(request.extension::<&str>().as_deref().copied())),
            ("data", text(request.app_data::<String>().map(|it| it.as_str()))),
            ("parameter", text(request.path_parameter("id").as_deref())),
            ("missing", text(request.path_parameter("other").as_deref())),
            ("connection", text(request.connection::<Certificate>().map(|it| it.0))),
            ("scheme", text(Some(request.scheme()))),
            ("host", text(request.host())),
            ("address", text(request.client_address().map(|it| it.to_string()).as_deref())),
        ]);
        let seen = serde_json::to_string(&seen).unwrap();
        Attempt::Accepted(Principal::builder("c").claims_json(seen).build())
    }
}

/// In place of the data that TLS has about the client.
struct Certificate(&'static str);

#[secure(objects = any)]
#[get("/things/{id}")]
async fn thing(caller: Principal) -> web::Json<BTreeMap<String, String>> {
    web::Json(caller.claims().unwrap())
}

fn security(proxies: Option<TrustedProxies>) -> Security {
    let builder = Security::builder().answers_for(module_path!()).authenticator("curious", Curious);
    match proxies {
        Some(proxies) => builder.trusted_proxies(proxies).build().unwrap(),
        None => builder.build().unwrap(),
    }
}

async fn seen(proxies: Option<TrustedProxies>, headers: &[&str]) -> BTreeMap<String, String> {
    let security = security(proxies);
    let server = TestServer::run(move || {
        App::new()
            .app_data(security.clone())
            .app_data(web::Data::new(String::from("the pool")))
            .wrap_fn(|request, service| {
                request.extensions_mut().insert("of a middleware");
                service.call(request)
            })
            .service(thing)
    });
    let host = format!("127.0.0.1:{}", server.address().port());
    let answer = server.get("/things/a%20b%2Fc", headers).await;
    let mut seen: BTreeMap<String, String> = serde_json::from_str(&answer.body).unwrap();
    if seen["host"] == host {
        seen.insert(String::from("host"), String::from("the server's"));
    }
    seen
}

fn check(seen: &BTreeMap<String, String>, expected: &[(&str, &str)]) {
    for (name, value) in expected {
        assert_eq!(seen[*name], *value, "{name} in {seen:?}");
    }
}

#[actix_web::test]
async fn it_finds_extensions_data_and_the_path() {
    check(
        &seen(None, &[]).await,
        &[
            ("extension", "of a middleware"),
            ("data", "the pool"),
            ("parameter", "a b/c"),
            ("missing", "-"),
            ("connection", "-"),
            ("scheme", "http"),
            ("host", "the server's"),
            ("address", "127.0.0.1"),
        ],
    );
}

const FORWARDED: [&str; 4] = [
    "x-forwarded-for: 192.0.2.9",
    "x-forwarded-proto: https",
    "x-forwarded-host: shop.example",
    "forwarded: for=192.0.2.8;proto=https;host=other.example",
];

#[actix_web::test]
async fn forwarding_headers_of_anybody_are_not_believed() {
    let own = [("scheme", "http"), ("host", "the server's"), ("address", "127.0.0.1")];
    check(&seen(None, &FORWARDED).await, &own);
    let elsewhere =
        TrustedProxies::new(["10.0.0.0/8"]).unwrap().overwrite_scheme().overwrite_host();
    check(&seen(Some(elsewhere), &FORWARDED).await, &own);
}

#[actix_web::test]
async fn a_trusted_proxy_is_believed_as_far_as_the_configuration_says() {
    let local = TrustedProxies::new(["127.0.0.0/8"]).unwrap();
    let said = seen(Some(local.clone()), &FORWARDED).await;
    check(&said, &[("scheme", "http"), ("host", "the server's"), ("address", "192.0.2.9")]);
    let said = seen(Some(local.clone().overwrite_scheme().overwrite_host()), &FORWARDED).await;
    check(&said, &[("scheme", "https"), ("host", "shop.example"), ("address", "192.0.2.9")]);
    let said = seen(Some(local.header(ForwardingHeader::Forwarded)), &FORWARDED).await;
    check(&said, &[("scheme", "https"), ("host", "other.example"), ("address", "192.0.2.8")]);
}

#[actix_web::test]
async fn the_authority_of_the_target_is_the_host() {
    let security = security(None);
    let server = TestServer::run(move || App::new().app_data(security.clone()).service(thing));
    let ask =
        async |request: &str| server.raw(format!("{request}\r\nconnection: close\r\n\r\n")).await;
    let absolute = ask("GET http://target.example/things/1 HTTP/1.1\r\nhost: field.example").await;
    assert!(absolute.contains(r#""host":"target.example""#), "{absolute}");
    let two = ask("GET /things/1 HTTP/1.1\r\nhost: a.example\r\nhost: b.example").await;
    assert!(two.contains(r#""host":"-""#) || two.starts_with("HTTP/1.1 400"), "{two}");
}

#[actix_web::test]
async fn it_finds_what_the_connection_has_brought() {
    let security = security(None);
    let port = free_port();
    let server = HttpServer::new(move || App::new().app_data(security.clone()).service(thing))
        .workers(1)
        .disable_signals()
        .on_connect(|_, data| {
            data.insert(Certificate("cn=device"));
        })
        .bind(("127.0.0.1", port))
        .unwrap()
        .run();
    let handle = server.handle();
    actix_web::rt::spawn(server);
    let url = format!("http://127.0.0.1:{port}/things/1");
    let mut answer = awc::Client::default().get(url).send().await.unwrap();
    let seen: BTreeMap<String, String> =
        serde_json::from_slice(&answer.body().await.unwrap()).unwrap();
    check(&seen, &[("connection", "cn=device"), ("parameter", "1")]);
    handle.stop(false).await;
}
