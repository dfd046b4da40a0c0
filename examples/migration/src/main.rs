//! Serves the application as it is after the move: `cargo run -p migration`.

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
