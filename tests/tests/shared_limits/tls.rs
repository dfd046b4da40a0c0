//! Redis over TLS: it is used only if its certificate is trusted.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use secure_tests::RedisServer;

use crate::prefix;

/// A server with a certificate, and its TLS address.
fn server(certificate: &str) -> (RedisServer, String) {
    let port = secure_tests::free_port().to_string();
    let [certificate, key] = [certificate, "server.key"].map(|name| shown(&file(name)));
    let server = RedisServer::start_with(&[
        "--tls-port",
        &port,
        "--tls-cert-file",
        &certificate,
        "--tls-key-file",
        &key,
        "--tls-auth-clients",
        "no",
    ]);
    (server, format!("rediss://127.0.0.1:{port}/"))
}

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/shared_limits/tls").join(name)
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

/// A new instance that trusts the test's authority or those of the machine sends fifty requests.
fn instance(url: &str, trusts_ours: bool) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_limited_instance"));
    command.args([url, &prefix(), "1", "50"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    if trusts_ours {
        command.env("SSL_CERT_FILE", file("ca.pem"));
    } else {
        command.env_remove("SSL_CERT_FILE").env_remove("SSL_CERT_DIR");
    }
    command.output().expect("an instance")
}

/// The instance could not reach Redis, and Redis received no command.
fn refuses(redis: &RedisServer, output: &Output) {
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && told.contains("source: Local"), "{told}");
    assert!(output.stdout.is_empty());
    assert_eq!(redis.command(&["DBSIZE"]).lines().next(), Some(":0"));
}

#[test]
fn a_certificate_that_is_trusted_is_accepted_and_the_same_one_is_not_elsewhere() {
    let (redis, url) = server("right.pem");
    let admitted = instance(&url, true);
    assert!(admitted.status.success(), "{}", String::from_utf8_lossy(&admitted.stderr));
    assert_eq!(String::from_utf8_lossy(&admitted.stdout), "50\n");
    assert_eq!(redis.command(&["DBSIZE"]).lines().next(), Some(":1"));
    redis.command(&["FLUSHALL"]);
    refuses(&redis, &instance(&url, false));
}

#[test]
fn a_certificate_for_another_name_is_refused() {
    let (redis, url) = server("other_name.pem");
    refuses(&redis, &instance(&url, true));
}

#[test]
fn a_certificate_that_has_expired_is_refused() {
    let (redis, url) = server("expired.pem");
    refuses(&redis, &instance(&url, true));
}
