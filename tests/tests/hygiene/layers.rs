//! Module policies and named policies without the prelude, under another name of the crate, beside
//! actix-web's own `#[scope]`, from other modules, and inside a function.
#![no_implicit_prelude]
#![deny(warnings)]

use ::actix_web;
use ::secure_runtime::policy;

mod policies {
    mod inner {
        ::secure_runtime::policy! {
            /// With a doc comment.
            pub(crate) staff = (roles = "staff", rate = "100/h");
            pub(crate) small = (max_body = "4KiB");
        }
    }

    pub(super) use inner::small as tiny;
    pub(crate) use inner::staff;

    pub(super) mod renamed {
        pub(crate) use ::secure_runtime as runtime;
    }

    ::secure_runtime::policy! {
        pub(super) elsewhere = (crate = crate::layers::policies::renamed::runtime, scopes = "a");
    }
}

policy! {
    careful = (rate("5/min", by = principal));
}

fn shard(caller: &::secure_runtime::Principal) -> usize {
    caller.subject().len()
}

async fn is_open(request: &::actix_web::HttpRequest) -> bool {
    request.path().len() > 2
}

policy! {
    ruled = (
        crate = crate::layers::policies::renamed::runtime,
        allow = crate::layers::is_open(request).await && caller.tenant() != None,
        rate("10/s", by = key(crate::layers::shard(caller))),
        rate("60/min", burst = 600, by = (tenant, key(request.path() == "/"))),
    );
}

/// Rules of a policy use their own words even if parameters have these names; a cost uses the parameters.
#[::secure_runtime::secure(use = ruled, rate("9/h", cost = caller.subject().len() as u32))]
#[::actix_web::get("/ruled")]
async fn ruled_by_a_policy(
    caller: ::secure_runtime::Principal,
    request: ::actix_web::HttpRequest,
) -> &'static str {
    let _ = (caller, request);
    ""
}

#[::secure_runtime::secure(use = policies::staff, use = careful, scopes = "a", use = policies::tiny)]
#[::actix_web::get("/several")]
async fn several() -> &'static str {
    ""
}

#[::secure_runtime::secure(use = policies::elsewhere)]
#[::actix_web::get("/elsewhere")]
async fn elsewhere() -> &'static str {
    ""
}

/// Documented.
#[::secure_runtime::secure(use = policies::staff, permissions = "p")]
mod office {
    use ::actix_web;

    #[::actix_web::get("/one")]
    pub(super) async fn one() -> &'static str {
        ""
    }

    #[::secure_runtime::secure(rate = "1/s")]
    #[::actix_web::get("/two")]
    pub(super) async fn two() -> &'static str {
        helper()
    }

    #[::secure_runtime::secure]
    pub(super) async fn unrouted() -> &'static str {
        ""
    }

    // A module may contain macros that generate no handlers, and items that are not handlers.
    ::std::thread_local! {
        static COUNT: ::core::cell::Cell<u32> = const { ::core::cell::Cell::new(0) };
    }

    fn helper() -> &'static str {
        #[inline]
        fn inner() -> &'static str {
            COUNT.set(COUNT.get() + 1);
            ""
        }
        inner()
    }

    pub(super) mod deeper {
        use ::actix_web;

        #[::secure_runtime::secure(use = super::super::careful)]
        #[::actix_web::get("/three")]
        pub(in super::super) async fn three() -> &'static str {
            ""
        }
    }
}

#[::secure_runtime::secure(roles = "above")]
#[::actix_web::scope("/above")]
mod above {
    use ::actix_web;
    // `#[scope]` recognizes route attributes only by their bare names.
    use ::actix_web::get;

    #[get("/one")]
    pub(super) async fn one() -> &'static str {
        ""
    }
}

#[::actix_web::scope("/below")]
#[::secure_runtime::secure(roles = "below")]
mod below {
    use ::actix_web;
    // `#[scope]` recognizes route attributes only by their bare names.
    use ::actix_web::get;

    #[get("/one")]
    pub(super) async fn one() -> &'static str {
        ""
    }
}

#[test]
fn accepted() {
    let scope = ::secure_runtime::scope("/api")
        .service(several)
        .service(elsewhere)
        .service(ruled_by_a_policy)
        .service(office::one)
        .service(office::two)
        .service(office::deeper::three)
        .service(above::one)
        .service(below::one)
        .route("/unrouted", ::secure_runtime::route::get().to(office::unrouted));
    let _ = ::actix_web::App::new().service(scope);
}

#[test]
fn all_layers_hold() {
    use ::std::iter::Iterator;
    use ::std::string::ToString;

    let inventory = ::secure_runtime::inventory();
    let rule = |handler: &str| {
        let mut rows = inventory.rows().iter();
        let row = rows.find(|row| row.handler.ends_with(handler)).unwrap();
        (row.rule.to_string(), row.limits.join(" "), row.path.unwrap_or_default())
    };
    let expect = |handler, wanted: (&str, &str, &str)| {
        let (rule, limits, path) = rule(handler);
        ::std::assert_eq!((rule.as_str(), limits.as_str(), path), wanted, "{handler}");
    };
    let staff = "role(\"staff\") && permission(\"p\")";
    expect(
        "layers::several",
        ("role(\"staff\") && scope(\"a\")", "100/h 5/min by principal", "/several"),
    );
    expect("layers::elsewhere", ("scope(\"a\")", "", "/elsewhere"));
    expect("office::one", (staff, "100/h", "/one"));
    expect("office::two", (staff, "100/h 1/s", "/two"));
    expect("office::unrouted", (staff, "100/h", ""));
    expect("deeper::three", (staff, "100/h 5/min by principal", "/three"));
    expect("above::one", ("role(\"above\")", "", "/above/one"));
    expect("below::one", ("role(\"below\")", "", "/below/one"));
}
