//! What editors complete: rules that somebody is still writing.
//!
//! rust-analyzer expands the attribute as it is, and once more with a word where the cursor stands.
//! It then looks in the first expansion, at the place that the word has in the second one, for what
//! stands before the cursor and for what is in scope there.

use proc_macro2::TokenStream;

use crate::attribute::secure;

/// The word that rust-analyzer puts in.
const WORD: &str = "intellijRulezz";

/// The common start of both expansions of an attribute, up to the cursor (`|>`).
fn before_the_cursor(arguments: &str, item: &str) -> String {
    let expansion = |arguments: &str| {
        let arguments: TokenStream = arguments.parse().unwrap();
        secure(arguments, item.parse().unwrap()).to_string()
    };
    let with_a_word = expansion(&arguments.replace("|>", WORD));
    let written = expansion(&arguments.replace("|>", ""));
    let (before, _) = with_a_word.split_once(WORD).unwrap();
    // A half-written word has no end yet.
    let before = before.trim_end();
    assert!(written.starts_with(before), "{arguments}\n{written}\n{with_a_word}");
    before.to_owned()
}

const ORDER: &str = "#[post(\"/shops/{shop}/orders\")]
    async fn place(shop: web::Path<u32>, web::Json(order): web::Json<NewOrder>) -> String {
        String::new()
    }";

/// The tokens before the cursor in the expansion end with these.
#[track_caller]
fn check(arguments: &str, expected: &str) {
    let before = before_the_cursor(arguments, ORDER);
    let without_spaces = |text: &str| text.split_whitespace().collect::<String>();
    let found = without_spaces(&before);
    assert!(found.ends_with(&without_spaces(expected)), "{arguments}\n{before}");
    for typed in ["All2<web::Path<u32>,web::Json<NewOrder>>", "::secure_runtime::__private::Asked"]
    {
        assert!(found.contains(typed), "{before}");
    }
}

/// The same of a rule in which this is in scope, whatever it mentions.
#[track_caller]
fn check_scope(arguments: &str) {
    let before = before_the_cursor(arguments, ORDER);
    for scope in [
        "let caller = __asked . caller () ? ;",
        "let request = __asked . request () ;",
        "let shop : & web :: Path < u32 > ;",
        "in_editors ! { let web :: Json (order) : & web :: Json < NewOrder > ; }",
    ] {
        assert!(before.contains(scope), "{arguments} lacks {scope}\n{before}");
    }
}

#[test]
fn members_have_what_stands_before_them() {
    check("allow = caller.|>", "let __holds: bool = caller.");
    check("allow = caller.|>, roles = \"admin\", rate = \"100/h\"", "caller.");
    check("allow = caller.sub|>, validate(order)", "caller.sub");
    check("allow = role(\"a\") || caller.|> && order.is_ours", "caller.");
    check("allow = order.shop == **shop && order.|>", "let __holds: bool = order.");
    check("allow = caller.subject() == order.|> || role(\"a\")", "caller.subject() == order.");
    check("allow = order.lines.iter().any(|line| line.|>)", "order.lines.iter().any(|line| line.");
    check("allow = matches!(order.|>, Kind::Draft)", "matches!(order.");
    check("allow = order.customer == |>, validate(order)", "order.customer ==");
    check("allow = Shop::|>", "Shop::");
    check("check = crate::rules::|>", "crate::rules::");
    check("check = |>", "check_objects(");
    check("check = is_|>", "check_objects(is_");
    check("check = is_open(|>)", "is_open(__asked.caller()?,");
}

#[test]
fn other_mistakes_take_nothing_from_the_rule() {
    check("allow = order.|>, roels = \"admin\"", "order.");
    check("rate = \"100/x\", allow = order.|>", "order.");
    check("allow = order.|>, auth = optional, roles = \"admin\"", "order.");
}

#[test]
fn a_name_is_looked_for_among_all_that_a_rule_may_mention() {
    check_scope("allow = |>");
    check_scope("allow = |>, validate(order)");
    check_scope("allow = ord|>");
    check_scope("allow = crate::is_open(|>)");
    check_scope("check = is_open(|>)");
    check_scope("allow = caller.subject() == ord|>");
    check_scope("allow = role(\"admin\") || |>, validate(order)");
}

#[test]
fn a_finished_rule_declares_nothing_it_does_not_mention() {
    for finished in [
        "allow = caller.subject() == order.customer && is_open(LIMIT)",
        "allow = order.lines.iter().any(|line| line.is_ours(caller))",
        "allow = crate::rules::fits(shop, Kind::Draft)",
    ] {
        let arguments = format!("{finished}, validate(order)");
        let expansion = secure(arguments.parse().unwrap(), ORDER.parse().unwrap()).to_string();
        assert!(!expansion.contains("compile_error"), "{expansion}");
        assert!(!expansion.contains("in_editors") && !expansion.contains("let request"));
    }
}

#[test]
fn an_unfinished_rule_is_one_mistake_and_admits_nobody() {
    for unfinished in ["allow =", "allow = caller.", "allow = order.shop ==", "check = rules::"] {
        let unfinished = format!("{unfinished}, validate(order)");
        let expansion = secure(unfinished.parse().unwrap(), ORDER.parse().unwrap()).to_string();
        assert_eq!(expansion.matches("compile_error").count(), 1, "{expansion}");
        assert!(expansion.contains(":: __private :: never ()"), "{expansion}");
        assert!(!expansion.contains("serve"), "{expansion}");
    }
}
