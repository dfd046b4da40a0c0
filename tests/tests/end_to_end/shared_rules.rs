//! A rule that several handlers share has the same meaning for each of them, even if their modules have items
//! with the names that the rule uses.

use actix_web::{App, HttpRequest};
use secure_runtime::Principal;
use secure_tests::{TestServer, bearer};

/// The items that the policies name.
mod rules {
    use super::{HttpRequest, Principal};

    pub(super) const ROOT: &str = "ann";

    #[derive(PartialEq)]
    pub(super) enum Kind {
        Chief,
        Guest,
    }

    pub(super) fn kind(caller: &Principal) -> Kind {
        if caller.subject() == ROOT { Kind::Chief } else { Kind::Guest }
    }

    pub(super) fn number(caller: &Principal) -> Option<u32> {
        (caller.subject() == ROOT).then_some(1)
    }

    pub(super) async fn is_open(caller: &Principal, request: &HttpRequest) -> bool {
        request.path().len() > 3 && caller.subject() == ROOT
    }

    pub(super) trait Good {
        fn is_good(&self) -> bool;
    }

    impl Good for Principal {
        fn is_good(&self) -> bool {
            self.subject() == ROOT
        }
    }
}

// Each policy admits only ann.
secure_runtime::policy! {
    constant = (allow = caller.subject() == crate::shared_rules::rules::ROOT);
    pattern = (allow = matches!(caller.subject(), crate::shared_rules::rules::ROOT));
    variant = (allow = match crate::shared_rules::rules::kind(caller) {
        crate::shared_rules::rules::Kind::Chief => true,
        kind => kind != crate::shared_rules::rules::Kind::Guest,
    });
    prelude = (allow = matches!(crate::shared_rules::rules::number(caller), Some(1))
        && crate::shared_rules::rules::number(caller) != None
        && !String::from("bob").eq_ignore_ascii_case(&format!("{}", caller.subject()))
        && (caller.subject().len() as u32) < u32::MAX);
    function = (allow = crate::shared_rules::rules::is_open(caller, request).await);
    of_a_trait = (allow = crate::shared_rules::rules::Good::is_good(caller));
    imported = (allow = { use crate::shared_rules::rules::Good; caller.is_good() });
    parameter = (allow = matches!(
        (name.as_str(), crate::shared_rules::rules::kind(caller)),
        (crate::shared_rules::rules::ROOT, crate::shared_rules::rules::Kind::Chief)
    ));
}

macro_rules! handlers {
    ($($name:ident)*) => {
        $(
            #[::secure_runtime::secure(use = super::$name)]
            #[::actix_web::get("/{name}")]
            pub(super) async fn $name(
                name: ::actix_web::web::Path<::std::string::String>,
                caller: ::secure_runtime::Principal,
                request: ::actix_web::HttpRequest,
            ) -> &'static str {
                let _ = (name, caller, request);
                ""
            }
        )*

        pub(super) fn scope() -> impl ::secure_runtime::SecuredService {
            let scope = ::secure_runtime::scope("");
            $(
                let inner = ::secure_runtime::scope(::core::concat!("/", ::core::stringify!($name)));
                let scope = scope.service(inner.service($name));
            )*
            scope
        }
    };
}

mod plain {
    handlers! { constant pattern variant prelude function of_a_trait imported parameter }
}

/// A module in which every name means something else.
#[expect(dead_code, unused_macros, non_camel_case_types, reason = "nothing may be used")]
mod hostile {
    const ROOT: &str = "bob";

    enum Hostile {
        Some(u8),
        None,
    }

    struct String;

    struct u32;

    trait Good {
        fn is_good(&self) -> bool;
    }

    impl Good for ::secure_runtime::Principal {
        fn is_good(&self) -> bool {
            true
        }
    }

    trait Named {
        fn as_str(&self) -> &'static str;
    }

    impl Named for ::secure_runtime::Principal {
        fn as_str(&self) -> &'static str {
            ROOT
        }
    }

    macro_rules! matches {
        ($($tokens:tt)*) => {
            true
        };
    }

    macro_rules! format {
        ($($tokens:tt)*) => {
            ::std::string::String::new()
        };
    }

    mod std {}

    mod crates {
        pub(super) mod shared_rules {}
    }

    handlers! { constant pattern variant prelude function of_a_trait parameter }

    pub(super) mod imports {
        pub(super) use super::super::imported;
        // The trait that the policy imports in its block and the one in scope here have a method of the same name.
        #[expect(unused_imports, reason = "the policy's own module does not see it")]
        use super::Good as _;

        #[::secure_runtime::secure(use = imported)]
        #[::actix_web::get("/imported/{name}")]
        pub(in super::super) async fn handler() -> &'static str {
            ""
        }
    }
}

/// The same for a module, whose handlers have another constant with that name.
#[secure_runtime::secure(
    allow = matches!(caller.subject(), crate::shared_rules::rules::ROOT),
    objects = any,
)]
mod office {
    #[expect(dead_code, reason = "nothing may be used")]
    const ROOT: &str = "bob";

    #[actix_web::get("/office/{name}")]
    pub(super) async fn handler() -> &'static str {
        ""
    }
}

#[actix_web::test]
async fn a_policy_decides_the_same_in_every_module() {
    #[secure_runtime::secure(use = pattern, objects = any)]
    #[actix_web::get("/inner/{name}")]
    async fn in_a_function(caller: Option<Principal>) -> &'static str {
        let _ = caller;
        ""
    }

    let (builder, issuer, _) = crate::security(module_path!());
    let security = builder.build().unwrap();
    let server = TestServer::run(move || {
        let scope = secure_runtime::scope("/api")
            .service(in_a_function)
            .service(office::handler)
            .service(hostile::imports::handler)
            .service(secure_runtime::scope("/hostile").service(hostile::scope()))
            .service(secure_runtime::scope("/plain").service(plain::scope()));
        App::new().app_data(security.clone()).service(scope)
    });
    let [ann, bob] = ["ann", "bob"].map(|name| bearer(&issuer.token(name).sign()));
    let both = ["constant", "pattern", "variant", "prelude", "function", "of_a_trait", "parameter"];
    let paths = both.iter().flat_map(|it| [format!("plain/{it}"), format!("hostile/{it}")]);
    let more = ["plain/imported", "imported", "office", "inner"].map(String::from);
    for path in paths.chain(more) {
        let path = format!("/api/{path}/ann");
        assert_eq!(server.get(&path, &[&ann]).await.status, 200, "{path}");
        assert_eq!(server.get(&path, &[&bob]).await.status, 403, "{path}");
    }
}
