//! Tests of the HTTP client: requests, and the errors without a response.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::mpsc::{Receiver, channel};

use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::*;
use crate::authentication::fetching::Fetching;
use crate::authentication::metadata::Metadata;

/// A server on loopback that answers every question this way; what it was asked.
fn serve(answer: impl Fn(&str) -> String + Send + 'static) -> (u16, Receiver<String>) {
    serve_on(answer, |stream, talk| talk(stream))
}

type Talk<'t> = &'t mut dyn FnMut(&mut dyn Stream);

trait Stream: Read + Write {}
impl<S: Read + Write> Stream for S {}

fn serve_on(
    answer: impl Fn(&str) -> String + Send + 'static,
    accept: impl Fn(&mut TcpStream, Talk<'_>) + Send + 'static,
) -> (u16, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (told, asked) = channel();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            accept(&mut stream, &mut |stream| {
                let mut question = [0; 4096];
                let Ok(length @ 1..) = stream.read(&mut question) else { return };
                let question = String::from_utf8_lossy(&question[..length]).into_owned();
                let answer = answer(&question);
                // Before the client has its answer, and counts the requests.
                let _ = told.send(question);
                let _ = stream.write_all(answer.as_bytes());
                let _ = stream.flush();
            });
        }
    });
    (port, asked)
}

/// The same over TLS, with one of the certificates of this folder.
fn serve_tls(certificate: &'static [u8]) -> u16 {
    let key = PrivateKeyDer::try_from(include_bytes!("certificates/key.der").as_slice()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![CertificateDer::from(certificate)], key)
        .unwrap();
    let config = Arc::new(config);
    let accept = move |stream: &mut TcpStream, talk: Talk<'_>| {
        let mut connection = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
        talk(&mut rustls::Stream::new(&mut connection, stream));
    };
    serve_on(|_| ok("{}"), accept).0
}

fn ok(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

fn client(change: impl FnOnce(&mut Fetching)) -> Client {
    let (mut fetching, mut faults) = (Fetching::default(), Vec::new());
    change(&mut fetching);
    let transport = fetching.check(&mut faults);
    assert_eq!(faults, []);
    Client::new(transport).unwrap()
}

fn get(client: &Client, address: &str) -> Result<String, String> {
    client.run(async |http| {
        let address = Url::checked(address, &http.transport().http_hosts).unwrap();
        http.get(&address, KEY_SET).await.map_err(|error| error.to_string())
    })
}

fn trusting() -> Client {
    client(|it| it.trust(include_bytes!("certificates/authority.pem").to_vec()))
}

#[test]
fn a_key_set_is_asked_for_as_one() {
    let (port, asked) = serve(|_| ok("{}"));
    assert_eq!(get(&client(|_| ()), &format!("http://127.0.0.1:{port}/keys")), Ok("{}".to_owned()));
    let question = asked.recv().unwrap();
    assert!(question.contains("accept: application/jwk-set+json, application/json"), "{question}");
    assert!(!question.to_lowercase().contains("authorization"));
}

#[test]
fn a_proxy_is_asked_for_everything_but_this_machine() {
    let (port, asked) = serve(|_| ok("{}"));
    let client = client(|it| {
        it.go_through(format!("http://user:word@127.0.0.1:{port}"));
        it.allow_http("issuer.test".to_owned());
    });
    assert_eq!(get(&client, "http://issuer.test/keys"), Ok("{}".to_owned()));
    let question = asked.recv().unwrap();
    assert!(question.starts_with("GET http://issuer.test/keys "), "{question}");
    assert!(question.contains("proxy-authorization: Basic dXNlcjp3b3Jk"), "{question}");
    assert_eq!(get(&client, &format!("http://127.0.0.1:{port}/keys")), Ok("{}".to_owned()));
    assert!(asked.recv().unwrap().starts_with("GET /keys "));
}

#[test]
fn metadata_are_looked_for_where_oauth_has_them_if_they_are_not_where_openid_has_them() {
    for found in 0..4 {
        let (port, asked) = serve(move |question| {
            let places = [
                "/a/.well-known/openid-configuration ",
                "/.well-known/oauth-authorization-server/a ",
                "/.well-known/openid-configuration/a ",
            ];
            let host = question.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
            match places.get(found) {
                Some(place) if question.contains(&format!("GET {place}")) => ok(&format!(
                    r#"{{"issuer":"http://{host}/a","jwks_uri":"http://{host}/keys"}}"#
                )),
                _ => "HTTP/1.1 404 x\r\nconnection: close\r\ncontent-length: 0\r\n\r\n".to_owned(),
            }
        });
        let issuer = format!("http://127.0.0.1:{port}/a");
        let address = client(|_| ()).run(async |http| {
            let metadata = Metadata::of(issuer, &http.transport().http_hosts).unwrap();
            metadata.find("jwks_uri", http).await
        });
        let questions: Vec<_> = asked.try_iter().collect();
        assert!(questions.iter().all(|it| it.contains("accept: application/json\r\n")));
        match address {
            Ok(address) => {
                assert_eq!(address.to_string(), format!("http://127.0.0.1:{port}/keys"));
                assert_eq!(questions.len(), found + 1);
            }
            Err(fault) => {
                assert_eq!(found, 3, "{fault}");
                assert!(fault.contains("/.well-known/openid-configuration/a`"), "{fault}");
                assert!(fault.contains("`Jwt::metadata_url(…)`"), "{fault}");
            }
        }
    }
}

#[test]
fn metadata_at_an_address_of_their_own_are_about_the_issuer_all_the_same() {
    for (named, is_good) in [("http://127.0.0.1/tenant", true), ("http://127.0.0.1/other", false)] {
        let (port, asked) = serve(move |_| {
            ok(&format!(r#"{{"issuer":"{named}","jwks_uri":"http://127.0.0.1/keys"}}"#))
        });
        let found = client(|_| ()).run(async |http| {
            let hosts = &http.transport().http_hosts;
            let address = format!("http://127.0.0.1:{port}/policy/metadata");
            let issuer = "http://127.0.0.1/tenant".to_owned();
            Metadata::at(&address, issuer, hosts).unwrap().find("jwks_uri", http).await
        });
        assert_eq!(found.is_ok(), is_good, "{found:?}");
        assert!(asked.recv().unwrap().starts_with("GET /policy/metadata "));
    }
}

#[test]
fn metadata_that_fail_otherwise_are_not_looked_for_elsewhere() {
    let failing = "HTTP/1.1 500 x\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
    let (port, asked) = serve(|_| failing.to_owned());
    let fault = client(|_| ()).run(async |http| {
        let hosts = &http.transport().http_hosts;
        let metadata = Metadata::of(format!("http://127.0.0.1:{port}"), hosts).unwrap();
        metadata.find("jwks_uri", http).await.unwrap_err()
    });
    assert!(fault.ends_with("answered 500"), "{fault}");
    assert_eq!(asked.try_iter().count(), 1);
}

#[test]
fn the_cause_of_a_failure_is_told() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let client = client(|it| it.allow_http("no-such-host.invalid".to_owned()));
    for (address, expected) in [
        (format!("http://{closed}/keys?s3cr3t"), "Connection refused"),
        ("http://no-such-host.invalid/keys".to_owned(), "failed to lookup address information"),
    ] {
        let fault = get(&client, &address).unwrap_err();
        assert!(fault.contains(expected) && !fault.contains("s3cr3t"), "{fault}");
    }
}

#[test]
fn what_is_wrong_with_a_certificate_is_told() {
    let address = |port| format!("https://127.0.0.1:{port}/keys");
    let good = serve_tls(include_bytes!("certificates/good.der"));
    assert_eq!(get(&trusting(), &address(good)), Ok("{}".to_owned()));
    let unknown = get(&client(|_| ()), &address(good)).unwrap_err();
    assert!(
        unknown.contains("UnknownIssuer") && unknown.contains("`.root_certificates(…)`"),
        "{unknown}"
    );
    let expired = serve_tls(include_bytes!("certificates/expired.der"));
    let expired = get(&trusting(), &address(expired)).unwrap_err();
    assert!(expired.contains("expired"), "{expired}");
    let other = serve_tls(include_bytes!("certificates/other_name.der"));
    let other = get(&trusting(), &address(other)).unwrap_err();
    assert!(other.contains("not valid for name"), "{other}");
}

/// Runs the test below once more, in a process that finds no certificate authorities.
#[test]
fn a_machine_without_certificate_authorities_is_told_what_to_do() {
    let this = std::env::current_exe().unwrap();
    let output = Command::new(this)
        .args(["--exact", "authentication::http::tests::without_authorities", "--ignored"])
        .env("SSL_CERT_FILE", "/nonexistent")
        .env("SSL_CERT_DIR", "/nonexistent")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

#[test]
#[ignore = "it needs an environment of its own, which the test above makes"]
fn without_authorities() {
    let (port, _asked) = serve(|_| ok("{}"));
    let client = client(|_| ());
    assert_eq!(get(&client, &format!("http://127.0.0.1:{port}/keys")), Ok("{}".to_owned()));
    for _ in 0..2 {
        let fault = get(&client, "https://127.0.0.1:1/keys").unwrap_err();
        assert!(fault.contains("No CA certificates"), "{fault}");
        assert!(fault.contains("`ca-certificates`"), "{fault}");
    }
    // Those that the description gives are enough.
    let good = serve_tls(include_bytes!("certificates/good.der"));
    assert_eq!(get(&trusting(), &format!("https://127.0.0.1:{good}/keys")), Ok("{}".to_owned()));
}
