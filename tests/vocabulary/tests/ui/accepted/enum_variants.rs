//! An enum variant means the same as its name, in every key that takes a name.
use secure_runtime::{NameKind, TypedNames, secure};

mod names {
    secure_runtime::vocabulary! {
        /// Permissions of a caller.
        #[derive(PartialOrd, Ord)]
        pub enum Permission = permissions;
        pub enum Role = roles;
        pub enum Scope = scopes;
    }
}

use names::{Permission, Role, Scope};

/// An enum of the application's own.
enum Own {
    OrdersWrite,
}

impl TypedNames for Own {
    const KIND: NameKind = NameKind::Permission;
    const NAMES: &'static [(&'static str, &'static str)] = &[("OrdersWrite", "orders:write")];
}

secure_runtime::policy! {
    writers = (permissions = crate::Own::OrdersWrite);
}

mod typed {
    use actix_web::get;

    use super::*;

    #[secure(
        permissions = Permission::OrdersRead,
        scopes = all(Scope::Orders),
        allow = role(Role::Auditor) || !permission(names::Permission::OrdersWrite,),
        rate("9/s", unless = role(Role::Admin)),
    )]
    #[get("/a")]
    async fn a() -> &'static str {
        ""
    }

    #[secure(use = writers, roles = any(Role::Auditor, "viewer"))]
    #[get("/b")]
    async fn b() -> &'static str {
        ""
    }

    #[secure(permissions = crate::names::Permission::OrdersRead)]
    mod inner {
        use actix_web::get;

        #[get("/c")]
        async fn c() -> &'static str {
            ""
        }
    }
}

mod written {
    use actix_web::get;

    use super::*;

    #[secure(
        permissions = "orders:read",
        scopes = all("orders"),
        allow = role("auditor") || !permission("orders:write"),
        rate("9/s", unless = role("admin")),
    )]
    #[get("/a")]
    async fn a() -> &'static str {
        ""
    }

    #[secure(permissions = "orders:write", roles = any("auditor", "viewer"))]
    #[get("/b")]
    async fn b() -> &'static str {
        ""
    }

    #[secure(permissions = "orders:read")]
    #[get("/c")]
    async fn c() -> &'static str {
        ""
    }
}

fn main() {
    let inventory = secure_runtime::inventory();
    let rows = inventory.rows();
    for name in ["a", "b", "c"] {
        let of = |module: &str| {
            let mut rows = rows.iter().filter(|row| row.handler.ends_with(&format!("::{name}")));
            let row = rows.find(|row| row.handler.contains(module)).unwrap();
            format!("{} {:?}", row.rule, row.limits)
        };
        assert_eq!(of("::typed::"), of("::written::"));
        assert!(of("::typed::").contains("admin"), "the hierarchy is folded: {}", of("::typed::"));
    }
    assert_eq!(Permission::ALL, [Permission::OrdersRead, Permission::OrdersWrite]);
    assert!(Permission::OrdersRead < Permission::OrdersWrite);
    assert_eq!(Permission::OrdersRead.name(), "orders:read");
    assert_eq!(Permission::from_name("orders:write"), Some(Permission::OrdersWrite));
    assert_eq!(Permission::from_name("OrdersWrite"), None);
    assert_eq!(Role::Admin.to_string(), "admin");
    assert_eq!(<&str>::from(Scope::Orders), "orders");
}
