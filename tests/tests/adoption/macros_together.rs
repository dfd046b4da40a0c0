//! Need: the attribute works together with other macros: the rows of `docs/macros.md` that no other test
//! covers.

use actix_web::{get, routes, web};
use secure_runtime::testing::Issuer;
use secure_runtime::{Security, secure};
use secure_tests::{TestServer, bearer};

mod handlers {
    use actix_web::{get, web};
    use secure_runtime::secure;

    #[secure(roles = "admin", callable)]
    #[get("/listed")]
    pub async fn list() -> &'static str {
        "listed"
    }

    #[cfg(any())]
    #[secure(roles = "admin")]
    #[get("/compiled/away")]
    pub async fn gone(missing: web::Json<Missing>) -> &'static str {
        "gone"
    }

    /// Another handler with the same name, for the opposite condition.
    #[cfg(not(any()))]
    #[secure(roles = "admin")]
    #[get("/gone")]
    pub async fn gone() -> &'static str {
        "here"
    }

    #[cfg(any())]
    #[secure(roles = "admin")]
    pub mod missing {
        #[get("/missing")]
        pub async fn handler(it: Missing) -> &'static str {
            "missing"
        }
    }

    #[cfg_attr(all(), secure(roles = "admin"))]
    #[cfg_attr(any(), secure(public))]
    #[cfg_attr(all(), get("/conditional"))]
    pub async fn conditional(_: web::Query<Vec<(String, String)>>) -> &'static str {
        "conditional"
    }
}

/// Re-exported, also under another name.
mod api {
    pub use super::handlers::conditional;
    pub use super::handlers::list as users;
    pub use super::handlers::*;
}

#[secure(roles = "admin")]
#[routes]
#[get("/one")]
#[get("/two")]
#[head("/two")]
async fn several() -> &'static str {
    "several"
}

/// A macro that generates a macro that generates a handler, with a policy from its arguments.
macro_rules! writes_a_macro {
    ($name:ident, $policy:path) => {
        macro_rules! $name {
            ($path:literal) => {
                #[secure(use = $policy)]
                #[get($path)]
                async fn $name() -> &'static str {
                    stringify!($name)
                }
            };
        }
    };
}

secure_runtime::policy! {
    admins = (roles = "admin");
}

writes_a_macro!(written, admins);
written!("/written");

fn in_a_function() -> impl secure_runtime::SecuredService {
    #[secure(roles = "admin")]
    #[get("/inside/{number}")]
    async fn inside(number: web::Path<u8>) -> String {
        number.to_string()
    }
    inside
}

#[actix_web::test]
async fn every_handler_has_its_policy_however_it_is_written() {
    let issuer = Issuer::hs256();
    let builder = Security::builder().answers_for(module_path!());
    let security = builder.authenticator("jwt", issuer.jwt()).build().unwrap();
    let server = TestServer::start(&security, || {
        secure_runtime::scope("")
            .service(api::users)
            .service(api::gone)
            .service(api::conditional)
            .service(several)
            .service(written)
            .service(in_a_function())
    });
    let admin = bearer(&issuer.token("ann").role("admin").sign());
    let guest = bearer(&issuer.token("gus").sign());
    for path in ["/listed", "/gone", "/conditional", "/one", "/two", "/written", "/inside/7"] {
        assert_eq!(server.get(path, &[]).await.status, 401, "{path}");
        assert_eq!(server.get(path, &[&guest]).await.status, 403, "{path}");
        assert_eq!(server.get(path, &[&admin]).await.status, 200, "{path}");
    }
    assert_eq!(api::users::without_policy().await, "listed");
}
