//! A handler in a module with a policy that the module's attribute cannot see: no launch.

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

#[secure_runtime::secure(roles = "staff")]
mod unseen {
    use actix_web::get;
    use secure_runtime::secure as guarded;

    macro_rules! open {
        ($name:ident) => {
            #[secure_runtime::secure(public)]
            #[get("/by_a_macro")]
            pub(super) async fn $name() -> &'static str {
                "open"
            }
        };
    }

    open!(by_a_macro);

    #[get("/seen")]
    pub(super) async fn inside() -> &'static str {
        "inside"
    }

    #[guarded(public)]
    pub(super) async fn by_another_name() -> &'static str {
        "open"
    }

    pub(super) fn in_a_body(services: &mut actix_web::web::ServiceConfig) {
        #[secure_runtime::secure(public)]
        #[get("/in_a_body")]
        async fn nested() -> &'static str {
            "open"
        }
        services.service(nested);
    }
}

fn faults(module: &str) -> Vec<String> {
    let built = crate::security(&format!("{}::{module}", module_path!())).0.build();
    built.err().iter().flat_map(|error| error.faults()).map(str::to_owned).collect()
}

#[test]
fn no_handler_of_a_module_escapes_its_policy() {
    // They compile, and could be mounted.
    let _ = actix_web::App::new().configure(unseen::in_a_body).service(
        secure_runtime::scope("/api")
            .service(unseen::by_a_macro)
            .service(unseen::inside)
            .service(seen::office::office)
            .route("/named", secure_runtime::route::get().to(unseen::by_another_name)),
    );
    assert_eq!(faults("seen"), [""; 0]);
    let faults = faults("unseen");
    assert_eq!(faults.len(), 3, "{faults:#?}");
    for handler in ["by_a_macro", "by_another_name", "nested"] {
        let start = format!("`{}::unseen::{handler}` stands in `", module_path!());
        let told = faults.iter().find(|fault| fault.starts_with(&start)).unwrap();
        assert!(told.contains("escapes::unseen`, and the policy of that module"), "{told}");
        assert!(told.contains("escapes.rs:"), "{told}");
    }
}
