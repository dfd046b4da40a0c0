use actix_web::get;
use secure_runtime::{SecuredConfig, secure};

#[secure(public)]
#[get("/health")]
async fn health() -> &'static str {
    ""
}

#[get("/open")]
async fn open() -> &'static str {
    ""
}

fn routes(config: &mut SecuredConfig) {
    config.service(health).service(open); //~ ERROR `open` has no security policy
}

fn main() {
    let _ = secure_runtime::configure(routes);
}
