//! The position of a module's policy among a handler's attributes.

use crate::attribute::secure;

/// The expansion of the module's attribute, without spaces.
fn expansion(handler: &str) -> String {
    let module =
        format!("mod office {{ {handler} async fn handler() -> &'static str {{ \"\" }} }}");
    let expanded = secure("roles = \"staff\"".parse().unwrap(), module.parse().unwrap());
    expanded.to_string().replace([' ', '\n'], "")
}

const POLICY: &str = "#[::secure_runtime::secure(__module(\"office\";roles=\"staff\"))]";

#[test]
fn the_policy_stands_right_above_the_route() {
    for above in ["#[utoipa::path(get)]", "#[api_operation]", "#[cfg(all())]#[tracing::instrument]"]
    {
        for route in ["#[get(\"/\")]", "#[r#get(\"/\")]", "#[cfg_attr(all(),get(\"/\"))]"] {
            let found = expansion(&format!("{above} {route}"));
            assert!(found.contains(&format!("{above}{POLICY}{route}async")), "{found}");
        }
    }
}

#[test]
fn the_policy_narrows_a_conditional_one_and_holds_without_it() {
    let found = expansion("#[cfg_attr(a, secure(public))] #[get(\"/\")]");
    let expected = "#[cfg_attr(not(any(a)),::secure_runtime::secure(__module(\"office\";roles=\"staff\")))]\
        #[cfg_attr(a,secure(__module(\"office\";roles=\"staff\"),public))]#[get(\"/\")]async";
    assert!(found.contains(expected), "{found}");
}
