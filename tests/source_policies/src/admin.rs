//! The file of the module `admin`: the policy of the folder `admin` applies to it as well.

use actix_web::get;
use secure_runtime::secure;

pub mod payments;
pub mod reports;

#[secure]
#[get("/admin")]
pub async fn home() -> &'static str {
    "home"
}

pub mod inner {
    use secure_runtime::secure;

    #[secure(roles = "admin")]
    pub async fn desk() -> &'static str {
        "desk"
    }
}
