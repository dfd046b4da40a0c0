//! An enum variant means the same as its name, in every key that takes a name.

use super::endpoint_with;
use crate::vocabulary::Vocabulary;

const FILE: &str = r#"
    [permissions]
    names = ["orders:read", "orders:write", "ORDERS_SHIP"]
    [scopes]
    names = ["orders"]
    [roles.viewer]
    permissions = ["orders:read"]
    [roles.admin]
    includes = ["viewer"]
    permissions = ["orders:*"]
"#;

const HANDLER: &str = "#[get(\"/\")] async fn handler() -> &'static str { \"\" }";

/// The rule of an attribute, and the number of names that the compiler checks.
fn rule(arguments: &str) -> (String, usize) {
    let vocabulary = Vocabulary::read(FILE).unwrap();
    let endpoint = endpoint_with(&vocabulary, arguments, HANDLER);
    let endpoint = endpoint.unwrap_or_else(|report| panic!("{arguments}: {:?}", report.messages()));
    let policy = &endpoint.policy;
    let rule = format!("{:?} {:?} {:?}", policy.requirements, policy.clauses, policy.limits);
    (rule, endpoint.variant_names.len())
}

#[test]
fn a_variant_is_its_name() {
    let check = |typed: &str, written: &str, names: usize| {
        let (expected, none) = rule(written);
        assert_eq!(rule(typed), (expected, names), "{typed}");
        assert_eq!(none, 0);
    };
    check("permissions = Permission::OrdersRead", r#"permissions = "orders:read""#, 1);
    check("permissions = Permission::OrdersShip", r#"permissions = "ORDERS_SHIP""#, 1);
    check("permissions = ::a::r#b::P::r#OrdersRead", r#"permissions = "orders:read""#, 1);
    check("scopes = all(Scope::Orders,)", r#"scopes = all("orders")"#, 1);
    check(
        r#"permissions = any(P::OrdersWrite, "ORDERS_SHIP", p::P::OrdersRead)"#,
        r#"permissions = any("orders:write", "ORDERS_SHIP", "orders:read")"#,
        2,
    );
    check(
        "allow = !role(Role::Viewer) || (scope(Scope::Orders,) && permission(P::OrdersShip))",
        r#"allow = !role("viewer") || (scope("orders") && permission("ORDERS_SHIP"))"#,
        3,
    );
    check(
        r#"rate("1/s", unless = role(R::Admin) && !scope(S::Orders))"#,
        r#"rate("1/s", unless = role("admin") && !scope("orders"))"#,
        2,
    );
    check(
        "__module(\"m\"; roles = crate::R::Viewer), permissions = P::OrdersWrite",
        "__module(\"m\"; roles = \"viewer\"), permissions = \"orders:write\"",
        2,
    );
}

#[test]
fn a_mistake_is_told_once() {
    let vocabulary = Vocabulary::read(FILE).unwrap();
    let check = |vocabulary: &Vocabulary, arguments: &str, expected: &str| {
        let Err(report) = endpoint_with(vocabulary, arguments, HANDLER) else {
            panic!("{arguments} is accepted");
        };
        let messages = report.messages();
        assert_eq!(messages.len(), 1, "{arguments}: {messages:?}");
        assert!(messages[0].starts_with(expected), "{arguments}: {messages:?}");
    };
    let unknown = [
        ("permissions = any(P::OrdersRead, P::Read)", "unknown permission `Read`"),
        ("roles = Role::Adm, allow = role(\"admin\")", "unknown role `Adm`"),
        ("scopes = Scope::OrdersRead", "unknown scope `OrdersRead`"),
        ("allow = role(R::Nobody) || caller.is(1)", "unknown role `Nobody`"),
        ("allow = permission(P::READ), hide", "unknown permission `READ`"),
        ("rate(\"1/s\", unless = role(R::Nobody))", "unknown role `Nobody`"),
        ("__module(\"m\"; roles = R::Viewer)", "`R` is looked up in each handler's module"),
        ("__policy(\"p\"; allow = role(R::Viewer))", "`R` is looked up in each handler's module"),
        ("permissions = P::<u8>::OrdersRead", "`permissions` expects a string literal"),
        ("permissions = OrdersRead", "`permissions` expects a string literal"),
        ("permissions = P::", "`permissions` expects a string literal"),
        ("permissions = P::OrdersRead()", "`permissions` expects a string literal"),
        ("acr = Level::High", "`acr` expects a string literal"),
        ("auth = Scheme::Jwt", "`auth` expects a name"),
        ("allow = role(R::Viewer, R::Admin)", "`role` expects one name as a string literal"),
    ];
    for (arguments, expected) in unknown {
        check(&vocabulary, arguments, expected);
    }
    let none = Vocabulary::default();
    check(&none, "roles = R::Admin", "`Admin` expects a list of all roles, found none");
    check(&none, "allow = scope(S::A)", "`A` expects a list of all scopes, found none");
}
