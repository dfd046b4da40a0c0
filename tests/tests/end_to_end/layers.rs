//! Policies for several handlers: modules, named policies, and the keys that handlers add to them.

use actix_web::App;
use secure_tests::{TestServer, bearer};

secure_runtime::policy! {
    /// For people who work here.
    pub(crate) staff = (roles = "staff", rate = "100/h");
    open = (public, rate("100/h", by = address));
    owner = (allow = name.as_str() == caller.subject());
}

mod policies {
    secure_runtime::policy! {
        pub(super) writers = (scopes = "write");
    }
    pub(super) mod again {
        pub(in super::super) use super::writers;
    }
}

#[secure_runtime::secure(roles = "staff")]
mod back_office {
    use actix_web::{get, web};
    use secure_runtime::secure;

    #[get("/inherits")]
    pub(super) async fn inherits() -> &'static str {
        helper()
    }

    #[secure(scopes = "write")]
    #[get("/narrows")]
    pub(super) async fn narrows() -> &'static str {
        helper()
    }

    #[secure(use = super::policies::again::writers)]
    #[get("/uses")]
    pub(super) async fn uses() -> &'static str {
        helper()
    }

    #[secure(use = super::owner)]
    #[get("/owned/{name}")]
    pub(super) async fn owned(name: web::Path<String>) -> String {
        name.into_inner()
    }

    fn helper() -> &'static str {
        "inside"
    }

    pub(super) mod deeper {
        #[actix_web::get("/deeper")]
        pub(in super::super) async fn deeper() -> &'static str {
            "deeper"
        }

        #[secure_runtime::secure(roles = "chief")]
        pub(in super::super) mod deepest {
            #[actix_web::get("/deepest")]
            pub(in super::super::super) async fn deepest() -> &'static str {
                "deepest"
            }
        }
    }
}

#[secure_runtime::secure(use = open)]
mod front {
    use actix_web::get;
    use secure_runtime::secure;

    #[get("/front")]
    pub(super) async fn front() -> &'static str {
        "front"
    }

    #[secure(use = super::staff)]
    #[get("/desk")]
    pub(super) async fn desk() -> &'static str {
        "desk"
    }
}

#[secure_runtime::secure(public)]
mod lobby {
    use actix_web::get;
    use secure_runtime::secure;

    #[get("/sign")]
    pub(super) async fn sign() -> &'static str {
        "sign"
    }

    #[secure]
    #[get("/lift")]
    pub(super) async fn lift() -> &'static str {
        "lift"
    }

    #[secure()]
    #[get("/stairs")]
    pub(super) async fn stairs() -> &'static str {
        "stairs"
    }
}

/// An attribute without keys requires a caller, wherever it is.
#[actix_web::test]
async fn an_attribute_that_says_nothing_asks_for_a_caller() {
    let (builder, issuer, _) = crate::security(module_path!());
    let security = builder.build().unwrap();
    let server = TestServer::run(move || {
        let scope = secure_runtime::scope("/api")
            .service(lobby::sign)
            .service(lobby::lift)
            .service(lobby::stairs);
        App::new().app_data(security.clone()).service(scope)
    });
    let bearer = format!("Authorization: Bearer {}", issuer.token("ann").sign());
    for (path, anonymous) in [("/api/sign", 200), ("/api/lift", 401), ("/api/stairs", 401)] {
        assert_eq!(server.get(path, &[]).await.status, anonymous, "{path}");
        assert_eq!(server.get(path, &[&bearer]).await.status, 200, "{path}");
    }
}

#[secure_runtime::secure(use = staff)]
#[actix_web::scope("/first")]
mod secured_first {
    use actix_web::get;

    #[get("/a")]
    pub(super) async fn a() -> &'static str {
        "a"
    }
}

#[actix_web::scope("/second")]
#[secure_runtime::secure(use = staff)]
mod scoped_first {
    use actix_web::get;

    #[get("/b")]
    pub(super) async fn b() -> &'static str {
        "b"
    }
}

#[actix_web::test]
async fn every_layer_must_hold() {
    let (builder, issuer, _) = crate::security(module_path!());
    let security = builder.build().unwrap();
    let server = TestServer::run(move || {
        let scope = secure_runtime::scope("/api")
            .service(back_office::inherits)
            .service(back_office::narrows)
            .service(back_office::uses)
            .service(back_office::owned)
            .service(back_office::deeper::deeper)
            .service(back_office::deeper::deepest::deepest)
            .service(front::front)
            .service(front::desk)
            .service(secured_first::a)
            .service(scoped_first::b);
        App::new().app_data(security.clone()).service(scope)
    });
    let tokens = [
        issuer.token("ann"),
        issuer.token("ann").scope("write"),
        issuer.token("ann").role("staff"),
        issuer.token("ann").role("staff").scope("write"),
        issuer.token("ann").role("chief"),
        issuer.token("ann").role("staff").role("chief"),
    ]
    .map(|token| bearer(&token.sign()));
    for (path, expected) in [
        ("inherits", [401, 403, 403, 200, 200, 403, 200]),
        ("narrows", [401, 403, 403, 403, 200, 403, 403]),
        ("uses", [401, 403, 403, 403, 200, 403, 403]),
        ("owned/ann", [401, 403, 403, 200, 200, 403, 200]),
        ("owned/bob", [401, 403, 403, 403, 403, 403, 403]),
        ("deeper", [401, 403, 403, 200, 200, 403, 200]),
        ("deepest", [401, 403, 403, 403, 403, 403, 200]),
        ("front", [200; 7]),
        ("desk", [401, 403, 403, 200, 200, 403, 200]),
        ("first/a", [401, 403, 403, 200, 200, 403, 200]),
        ("second/b", [401, 403, 403, 200, 200, 403, 200]),
    ] {
        let path = format!("/api/{path}");
        let mut found = vec![server.get(&path, &[]).await.status];
        for token in &tokens {
            found.push(server.get(&path, &[token]).await.status);
        }
        assert_eq!(found, expected, "{path}");
    }
}
