//! Handlers in a module with a policy: the policy reaches every form of handler; forms that the module's attribute
//! cannot see are startup errors, and forms that it sees but cannot reach do not compile (`ui/module`).

use actix_web::App;
use secure_tests::{TestServer, bearer};

mod seen {
    #[secure_runtime::secure(roles = "staff")]
    pub(super) mod office {
        #[actix_web::get("/office")]
        pub(in super::super) async fn office() -> &'static str {
            "office"
        }

        pub(super) mod deeper {
            #[secure_runtime::secure(scopes = "read")]
            #[actix_web::get("/deeper")]
            pub(super) async fn deeper() -> &'static str {
                "deeper"
            }
        }
    }
}

macro_rules! open {
    ($name:ident) => {
        #[secure_runtime::secure(public)]
        #[get("/by_a_macro")]
        async fn $name() -> &'static str {
            "open"
        }
    };
}

#[secure_runtime::secure(roles = "staff")]
mod unseen {
    use actix_web::get;
    use secure_runtime::secure as guarded;

    #[get("/seen")]
    pub(super) async fn inside() -> &'static str {
        "inside"
    }

    #[guarded(public)]
    pub(super) async fn by_another_name() -> &'static str {
        "open"
    }

    pub(super) fn in_a_body(services: &mut actix_web::web::ServiceConfig) {
        open!(by_a_macro);
        services.service(by_a_macro);
    }
}

#[secure_runtime::secure(roles = "staff")]
mod spelled {
    use actix_web::get;
    use secure_runtime::secure;

    #[r#get("/raw")]
    pub(super) async fn raw() -> &'static str {
        ""
    }

    #[::actix_web::r#get("/raw_path")]
    pub(super) async fn raw_path() -> &'static str {
        ""
    }

    #[cfg_attr(all(), cfg_attr(all(), get("/nested")))]
    pub(super) async fn nested() -> &'static str {
        ""
    }

    #[cfg_attr(all(), secure(scopes = "read"))]
    #[get("/conditional")]
    pub(super) async fn conditional() -> &'static str {
        ""
    }

    #[cfg_attr(any(), secure(scopes = "nobody"))]
    #[get("/conditional_not")]
    pub(super) async fn conditional_not() -> &'static str {
        ""
    }

    #[cfg_attr(all(), cfg_attr(any(), secure(scopes = "nobody")), cfg_attr(all(), secure))]
    #[get("/conditional_nested")]
    pub(super) async fn conditional_nested() -> &'static str {
        ""
    }

    #[cfg_attr(any(), secure(scopes = "nobody"))]
    pub(super) mod deeper {
        #[actix_web::get("/deeper")]
        pub(in super::super) async fn deeper() -> &'static str {
            ""
        }
    }
}

#[actix_web::test]
async fn every_spelling_of_a_handler_is_reached() {
    let (builder, issuer, _) = crate::security(concat!(module_path!(), "::spelled"));
    let security = builder.build().unwrap();
    let server = TestServer::run(move || {
        App::new()
            .app_data(security.clone())
            .service(spelled::raw)
            .service(spelled::raw_path)
            .service(spelled::nested)
            .service(spelled::conditional)
            .service(spelled::conditional_not)
            .service(spelled::conditional_nested)
            .service(spelled::deeper::deeper)
    });
    let staff = bearer(&issuer.token("a").role("staff").scope("read").sign());
    let guest = bearer(&issuer.token("a").scope("read").sign());
    for path in [
        "/raw",
        "/raw_path",
        "/nested",
        "/conditional",
        "/conditional_not",
        "/conditional_nested",
        "/deeper",
    ] {
        assert_eq!(server.get(path, &[&staff]).await.status, 200, "{path}");
        server.get(path, &[&guest]).await.problem(403);
        server.get(path, &[]).await.problem(401);
    }
    let unread = bearer(&issuer.token("a").role("staff").sign());
    server.get("/conditional", &[&unread]).await.problem(403);
}

fn faults(module: &str) -> Vec<String> {
    let built = crate::security(&format!("{}::{module}", module_path!())).0.build();
    built.err().iter().flat_map(|error| error.faults()).map(ToString::to_string).collect()
}

#[test]
fn no_handler_of_a_module_escapes_its_policy() {
    // The handlers compile and could be mounted.
    let _ = App::new().configure(unseen::in_a_body).service(
        secure_runtime::scope("/api")
            .service(unseen::inside)
            .service(seen::office::office)
            .route("/named", secure_runtime::route::get().to(unseen::by_another_name)),
    );
    assert_eq!(faults("seen"), [""; 0]);
    let faults = faults("unseen");
    assert_eq!(faults.len(), 2, "{faults:#?}");
    for handler in ["by_a_macro", "by_another_name"] {
        let start = format!("`{}::unseen::{handler}` stands in `", module_path!());
        let told = faults.iter().find(|fault| fault.starts_with(&start)).unwrap();
        assert!(told.contains("escapes::unseen`, and the policy of that module"), "{told}");
        assert!(told.contains("escapes.rs:"), "{told}");
    }
}
