//! The expansions of typical attributes, compared with files; `BLESS=1` writes them.

use std::fs;
use std::path::Path;

use crate::attribute::secure;

const LIST: &str =
    "#[get(\"/users\")] async fn list_users(caller: Principal) -> web::Json<Vec<User>> {
    web::Json(Vec::new())
}";

const ORDER: &str = "#[post(\"/shops/{shop}/orders\")]
pub async fn place_order(shop: web::Path<u32>, order: web::Json<NewOrder>) -> impl Responder {
    place(shop, order).await
}";

#[test]
fn bare() {
    check("bare", "", LIST);
}

#[test]
fn role_and_rate() {
    check("role_and_rate", r#"roles = "admin", rate = "100/h""#, LIST);
}

#[test]
fn validated_body() {
    let arguments =
        r#"roles = any("customer", "clerk"), rate = "100/h", validate(order), max_body = "64KiB""#;
    check("validated_body", arguments, ORDER);
}

#[test]
fn rule_about_arguments() {
    let arguments = r#"allow = role("admin") || (address in "10.0.0.0/8" && order.shop == **shop),
        check = crate::is_open, validate(order), hide"#;
    check("rule_about_arguments", arguments, ORDER);
}

#[test]
fn public_with_several_limits() {
    let arguments = r#"public, objects = any, rate(["10/s", "1000/h"], by = address), rate("100/s", by = endpoint),
        unvalidated(order, reason = "a draft")"#;
    check("public_with_several_limits", arguments, ORDER);
}

#[test]
fn generic_without_a_route() {
    let function = "/// Documented.
        #[tracing::instrument] #[allow(unused)]
        async fn load<T: Store + 'static>(store: web::Data<T>) -> String where T: Clone { store.load() }";
    check("generic_without_a_route", "auth = all(mtls, jwt), crate = crate::security", function);
}

#[test]
fn mistaken() {
    check("mistaken", "role = \"admin\"", LIST);
}

/// Twenty-six lines are what a reader of the expansion has to read beyond their own function.
#[test]
fn typical_handlers_stay_short() {
    let typical = r#"roles = "admin", rate = "100/h""#;
    let validated = r#"roles = "admin", rate = "100/h", validate(order)"#;
    for (arguments, function) in [("", LIST), (typical, LIST), (validated, ORDER)] {
        let own = pretty(&function.parse::<proc_macro2::TokenStream>().unwrap().to_string());
        let all = pretty(&expansion(arguments, function));
        let beyond = all.lines().count() - own.lines().count();
        assert!(beyond <= 26, "{beyond} lines beyond the function:\n{all}");
    }
}

fn check(name: &str, arguments: &str, function: &str) {
    let found = pretty(&expansion(arguments, function));
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("src/tests/snapshots/{name}.rs"));
    let header = format!("//! What `#[secure({})]` expands to.\n\n", one_line(arguments));
    let found = header + &found;
    if std::env::var_os("BLESS").is_some() {
        fs::write(&file, &found).unwrap();
    }
    let expected = fs::read_to_string(&file).unwrap_or_default();
    assert!(expected == found, "{name}: run with BLESS=1 to accept\n{found}");
}

fn expansion(arguments: &str, function: &str) -> String {
    secure(arguments.parse().unwrap(), function.parse().unwrap()).to_string()
}

fn pretty(tokens: &str) -> String {
    let mut file = syn_file(tokens);
    for item in &mut file.items {
        open_body(item);
    }
    prettyplease::unparse(&file)
}

/// Shows the content of `body! { … }` as plain code, so that it is read and counted too.
fn open_body(item: &mut syn::Item) {
    let syn::Item::Fn(function) = item else { return };
    if let [syn::Stmt::Macro(body)] = function.block.stmts.as_slice() {
        function.block.stmts = body.mac.parse_body_with(syn::Block::parse_within).unwrap();
    }
}

fn syn_file(tokens: &str) -> syn::File {
    syn::parse_str(tokens).unwrap_or_else(|error| panic!("{error}:\n{tokens}"))
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
