//! The expansion finds the crate only at the path that the key `crate` names.

mod my_reexports {
    pub mod security {
        pub use secure_runtime::*;
    }
}

use my_reexports::security::secure;

#[secure(crate = crate::renamed_crate::my_reexports::security, roles = "admin")]
#[actix_web::get("/")]
async fn handler() -> &'static str {
    ""
}

mod inner {
    #[super::secure(public, crate = super::my_reexports::security)]
    pub async fn handler() -> &'static str {
        ""
    }
}

#[test]
fn accepted() {
    let _ = actix_web::App::new()
        .service(handler)
        .route("/inner", actix_web::web::get().to(inner::handler));
}
