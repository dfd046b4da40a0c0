//! The same policies over HTTP/2 with prior knowledge (RFC 9113 section 3.3), with frames written by hand: an
//! HTTP/2 request may have a body without announcing its length.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use actix_web::{App, HttpServer, post};
use secure_runtime::{Security, secure};

#[secure(
    public,
    rate("1000/s", by = address),
    unvalidated(text, reason = "a test"),
    content_type = "text/plain",
    max_body = "10B"
)]
#[post("/text")]
async fn echo(text: String) -> String {
    text
}

#[secure(unvalidated(text, reason = "a test"))]
#[post("/closed")]
async fn closed(text: String) -> String {
    text
}

fn serve(security: Security) -> SocketAddr {
    let app = move || {
        let scope = secure_runtime::scope("").service(echo).service(closed);
        App::new().app_data(security.clone()).service(scope)
    };
    let server = HttpServer::new(app).workers(1).disable_signals();
    let server = server.bind_auto_h2c(("127.0.0.1", 0)).unwrap();
    let address = server.addrs()[0];
    actix_web::rt::spawn(server.run());
    address
}

/// One frame (RFC 9113 section 4.1) of stream 1, or of the connection.
fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len()).unwrap().to_be_bytes();
    let mut frame = vec![0, length[0], length[1], kind, flags, 0, 0, 0, stream];
    frame.extend_from_slice(payload);
    frame
}

/// A literal field without indexing and without Huffman coding (RFC 7541 section 6.2.2).
fn field(name: &str, value: &str) -> Vec<u8> {
    let length = |text: &str| u8::try_from(text.len()).unwrap();
    let mut field = vec![0, length(name)];
    field.extend_from_slice(name.as_bytes());
    field.push(length(value));
    field.extend_from_slice(value.as_bytes());
    field
}

/// Posts a body in one DATA frame, without `content-length`; returns the DATA of the response.
async fn post(address: SocketAddr, path: &str, fields: &[(&str, &str)], body: &str) -> String {
    let pseudo = [(":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "x")];
    let head: Vec<u8> =
        pseudo.iter().chain(fields).flat_map(|(name, value)| field(name, value)).collect();
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    bytes.extend(frame(4, 0, 0, b""));
    bytes.extend(frame(1, 4, 1, &head));
    bytes.extend(frame(0, 1, 1, body.as_bytes()));
    let exchange = move || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
        stream.write_all(&bytes).unwrap();
        let mut answer = String::new();
        let mut head = [0; 9];
        while stream.read_exact(&mut head).is_ok() {
            let mut payload = vec![0; usize::from(head[1]) << 8 | usize::from(head[2])];
            stream.read_exact(&mut payload).unwrap();
            if head[3] == 0 {
                answer.push_str(&String::from_utf8_lossy(&payload));
            }
            let ends = matches!(head[3], 0 | 1) && head[4] & 1 == 1;
            if ends || matches!(head[3], 3 | 7) {
                break;
            }
        }
        answer
    };
    actix_web::rt::task::spawn_blocking(exchange).await.unwrap()
}

#[actix_web::test]
async fn a_body_of_unannounced_length_is_bounded_and_its_caller_known() {
    let (builder, issuer, _) = crate::security(module_path!());
    let address = serve(builder.build().unwrap());
    let plain = ("content-type", "text/plain");
    assert_eq!(post(address, "/text", &[plain], "0123456789").await, "0123456789");
    assert!(post(address, "/text", &[plain], "0123456789a").await.contains("413"));
    assert!(post(address, "/closed", &[plain], "hello").await.contains("401"));
    // Short, so that its length is one byte in HPACK.
    let secret = issuer.token("a").without("jti").without("client_id").without("iat").sign();
    let bad = format!("Bearer {}", secret.get(..100).unwrap());
    let answer = post(address, "/closed", &[plain, ("authorization", &bad)], "hello").await;
    assert!(answer.contains("401"), "{answer}");
}

#[actix_web::test]
async fn the_media_type_is_checked_without_an_announced_length() {
    let (builder, _, _) = crate::security(module_path!());
    let address = serve(builder.build().unwrap());
    assert_eq!(post(address, "/text", &[("content-type", "text/plain")], "hello").await, "hello");
    let html = post(address, "/text", &[("content-type", "text/html")], "hello").await;
    assert!(html.contains("415"), "{html}");
    assert!(post(address, "/text", &[], "hello").await.contains("415"));
}
