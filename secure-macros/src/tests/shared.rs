//! A rule that several handlers share compiles exactly if nothing in it hangs on where a handler stands,
//! whatever it is made of.

use proptest::prelude::*;

use crate::attribute::secure;
use crate::named_policies::policies;

/// Part of a rule, and whether it means another thing elsewhere.
#[derive(Clone, Debug)]
struct Piece {
    text: String,
    is_relative: bool,
}

/// Values that are found everywhere, and values that are not.
const ABSOLUTE: [&str; 13] = [
    "crate::ROOT",
    "::other::ROOT",
    "crate::hours::is_open(request)",
    "caller.subject()",
    "request.path()",
    "Some(1)",
    "Option::<u8>::None",
    "u32::MAX",
    "std::mem::size_of::<u8>()",
    "<crate::Kind as crate::Rule>::holds(caller)",
    "crate::Key { id: 1 }",
    "option_env!(\"ROOT\")",
    "format!(\"{caller:?}\")",
];
const RELATIVE: [&str; 17] = [
    "ROOT",
    "is_open(request)",
    "hours::is_open(request)",
    "self::is_open(request)",
    "super::hours::is_open(request)",
    "Kind::Own",
    "Kind::<u8>::own()",
    "Key { id: 1 }",
    "own!(caller)",
    "crate::own!(caller)",
    "::other::own!(caller)",
    "module_path!()",
    "include!(\"rule.rs\")",
    "<Kind as crate::Rule>::holds(caller)",
    "<crate::Kind as Rule>::holds(caller)",
    "crate::holds::<Kind>(caller)",
    "format!(\"{ROOT}\")",
];

/// Expressions around a value.
const AROUND: [&str; 18] = [
    "crate::f(#)",
    "!#",
    "(#)",
    "{ let it = #; it }",
    "matches!(#, crate::A | Some(2))",
    "matches!(caller, crate::A(it) if it == #)",
    "match (#) { crate::A => 1, it => it }",
    "match caller { it if (#) => it, _ => 2 }",
    "if (#) { 1 } else { 2 }",
    "if let Some(it) = (#) { it } else { 2 }",
    "caller.all().any(|it| it == #)",
    "[#, 1][0]",
    "(# as u64)",
    "caller.is(#).await",
    "crate::Key { id: # }",
    "format!(\"{}\", #)",
    "vec![1, #]",
    "{ assert_eq!(#, 1); 2 }",
];

const ABSOLUTE_PATTERNS: [&str; 7] =
    ["crate::ROOT", "Some(1)", "None", "it", "crate::Key { id, .. }", "1..=9", "it @ Ok(_)"];
const RELATIVE_PATTERNS: [&str; 8] = [
    "ROOT",
    "Some(ROOT)",
    "Kind::Own",
    "crate::Key { kind: Kind::Own }",
    "Own(_)",
    "&ROOT | 1",
    "1..=MAX",
    "it @ ROOT",
];
const COMPARES: [&str; 4] = [
    "matches!(caller.x(), (#, _))",
    "match caller { # => 1, _ => 2 }",
    "if let (_, #) = request { 1 } else { 2 }",
    "{ let (#) = caller else { crate::never() }; 2 }",
];

fn piece(absolute: &'static [&str], relative: &'static [&str]) -> impl Strategy<Value = Piece> {
    let one = |texts: &'static [&'static str], is_relative| {
        let text = proptest::sample::select(texts);
        text.prop_map(move |text: &str| Piece { text: text.to_owned(), is_relative })
    };
    prop_oneof![3 => one(absolute, false), 1 => one(relative, true)]
}

fn rule() -> impl Strategy<Value = Piece> {
    let compares =
        (piece(&ABSOLUTE_PATTERNS, &RELATIVE_PATTERNS), proptest::sample::select(&COMPARES));
    let compares = compares
        .prop_map(|(piece, around)| Piece { text: around.replace('#', &piece.text), ..piece });
    let value = prop_oneof![2 => piece(&ABSOLUTE, &RELATIVE), 1 => compares];
    value.prop_recursive(3, 6, 2, |inner| {
        let around = (inner.clone(), proptest::sample::select(&AROUND));
        let around = around
            .prop_map(|(piece, around)| Piece { text: around.replace('#', &piece.text), ..piece });
        let both = (inner.clone(), inner).prop_map(|(one, other)| Piece {
            text: format!("({} == {})", one.text, other.text),
            is_relative: one.is_relative || other.is_relative,
        });
        prop_oneof![3 => around, 1 => both]
    })
}

/// Whether each of these words is an absolute path, so that a handler's module cannot redefine it.
fn is_led_to_the_library(expansion: &str) -> bool {
    let expansion: String = expansion.split_whitespace().collect();
    ["Some(", "None", "u32", "vec!", "assert_eq!", "format!", "matches!"].iter().all(|word| {
        expansion.match_indices(word).all(|(place, _)| {
            let before = &expansion[..place];
            before.ends_with("::") || before.ends_with(|letter: char| letter.is_alphanumeric())
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn a_shared_rule_names_nothing_that_hangs_on_the_handler(rule in rule()) {
        let Piece { text, is_relative } = rule;
        let policy = policies(format!("p = (allow = ({text}) == 1);").parse().unwrap()).to_string();
        prop_assert_eq!(policy.contains("compile_error"), is_relative, "{}\n{}", text, policy);
        let told = policy.contains("in each handler's module");
        prop_assert_eq!(told, is_relative, "{}\n{}", text, policy);
        if !is_relative {
            let layer = format!("__policy(allow = ({text}) == 1)");
            let item = "#[get(\"/\")] async fn f() -> u8 { 0 }";
            let handler = secure(layer.parse().unwrap(), item.parse().unwrap()).to_string();
            let rule = handler.split_once("mod __apart").map(|(_, rule)| rule);
            let rule = rule.and_then(|rule| rule.split_once("__apart :: rule")).map(|(it, _)| it);
            prop_assert!(rule.is_some_and(is_led_to_the_library), "{}\n{}", text, handler);
        }
    }
}

/// A rule that also uses a parameter is expanded where the parameter's type has a name.
#[test]
fn a_shared_rule_about_parameters_is_found_everywhere_too() {
    let item = "#[get(\"/{id}\")] async fn f(id: web::Path<u32>) -> u8 { 0 }";
    let expansion = |rule: &str| {
        let layer = format!("__policy(allow = {rule})");
        secure(layer.parse().unwrap(), item.parse().unwrap()).to_string()
    };
    for accepted in [
        "**id == 1",
        "matches!(**id, crate::ROOT) && crate::is_open(id, caller)",
        "Some(**id) == None && format!(\"{id}\") == \"1\"",
        "crate::all().any(|own: u32| own == **id)",
    ] {
        let expansion = expansion(accepted);
        assert!(!expansion.contains("compile_error"), "{accepted}: {expansion}");
    }
    for refused in ["**id == ROOT", "matches!(**id, ROOT)", "is_open(id)", "**idd == 1", "id && no"]
    {
        let expansion = expansion(refused);
        assert_eq!(expansion.matches("compile_error").count(), 1, "{refused}: {expansion}");
    }
}
