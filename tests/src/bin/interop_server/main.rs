//! `interop_server`: the API that `cargo xtask interop` tests with real identity providers.
//!
//! Its configuration is one line of JSON on standard input; see [`configuration::Configuration`]. It
//! prints its address, serves `/shop`, and ends when its standard input is closed. The log of the library
//! goes to standard error.

mod configuration;
mod log;

use std::io::{self, BufRead};
use std::net::TcpListener;

use actix_web::{App, HttpResponse, HttpServer, get, post};
use configuration::Configuration;
use secure_runtime::{Principal, scope, secure};
use serde_json::json;

/// Any authenticated caller.
#[secure]
#[get("/me")]
async fn me(caller: Principal) -> HttpResponse {
    HttpResponse::Ok().json(json!({
        "subject": caller.subject(),
        "issuer": caller.issuer(),
        "scopes": caller.scopes().collect::<Vec<_>>(),
        "roles": caller.roles().collect::<Vec<_>>(),
    }))
}

#[secure(scopes = "orders:read")]
#[get("/orders")]
async fn orders() -> HttpResponse {
    HttpResponse::Ok().json(json!([]))
}

#[secure(scopes = "orders:write")]
#[post("/orders")]
async fn order() -> HttpResponse {
    HttpResponse::Ok().json(json!({}))
}

#[actix_web::main]
async fn main() -> io::Result<()> {
    log::print();
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    let configuration: Configuration = serde_json::from_str(&line)?;
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let resource = format!("http://{}/shop", listener.local_addr()?);
    let security = configuration.security(&resource).map_err(io::Error::other)?;
    let server = HttpServer::new(move || {
        App::new()
            .app_data(security.clone())
            .service(security.resource_metadata())
            .service(scope("/shop").service(me).service(orders).service(order))
    })
    .workers(2)
    .disable_signals()
    .listen(listener)?
    .run();
    let handle = server.handle();
    std::thread::spawn(move || {
        // The program that started this one has ended, or wants this one to end.
        let _ended = io::copy(&mut io::stdin().lock(), &mut io::sink());
        drop(handle.stop(false));
        std::process::exit(0);
    });
    println!("{resource}");
    server.await
}
