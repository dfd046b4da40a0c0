//! Serves the application in its final state, with every route moved to `#[secure(...)]`.
//!
//! Run `cargo run -p migration`; it prints the inventory (the rules of each endpoint). Requests to try:
//!
//! - `curl -H 'Authorization: Token session-of-ada' http://127.0.0.1:8080/documents`: 200;
//! - the same with `session-of-grace` and `/documents/1`: 404, Grace belongs to another organization;
//! - `curl http://127.0.0.1:8080/documents`: 401, with the application's own error body.

use std::{env, io};

use actix_web::middleware::from_fn;
use actix_web::{App, HttpServer, web};
use migration::domain::Store;
use migration::{after, sessions};

#[actix_web::main]
async fn main() -> io::Result<()> {
    let security = after::security().map_err(io::Error::other)?;
    print!("{}", security.inventory());
    let store = web::Data::new(Store::with_examples());
    let address = env::var("ADDR").unwrap_or_else(|_| String::from("127.0.0.1:8080"));
    let server = HttpServer::new(move || {
        App::new()
            .app_data(security.clone())
            .app_data(store.clone())
            .service(after::shelf())
            .wrap(from_fn(sessions::find_user))
    })
    .bind(address)?;
    server.run().await
}
