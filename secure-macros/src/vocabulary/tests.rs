//! The meaning of a `secure.toml`, and every mistake in it.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::Vocabulary;
use crate::lints::{self, Level};
use crate::model::legal::Fact;

const SHOP: &str = r#"
[permissions]
names = ["orders:read", "orders:write", "users:read"]

[scopes]
names = ["orders"]

[roles.viewer]
permissions = ["orders:read"]

[roles.editor]
includes = ["viewer"]
permissions = ["orders:write"]

[roles.support]

[roles.admin]
includes = ["editor", "support"]
permissions = ["users:*"]
"#;

fn shop() -> Vocabulary {
    Vocabulary::read(SHOP).unwrap()
}

/// Every fault as `line:column message (help)`.
fn faults(text: &str) -> Vec<String> {
    let faults = Vocabulary::read(text).unwrap_err();
    let shown = faults.into_iter().map(|fault| {
        let help = fault.help.map(|help| format!(" ({help})")).unwrap_or_default();
        format!("{}:{} {}{help}", fault.line, fault.column, fault.message)
    });
    shown.collect()
}

#[test]
fn a_role_is_implied_by_every_role_that_includes_it_directly_or_not() {
    assert_eq!(shop().roles_that_imply(Fact::Role, "viewer"), ["admin", "editor"]);
    assert_eq!(shop().roles_that_imply(Fact::Role, "support"), ["admin"]);
    assert!(shop().roles_that_imply(Fact::Role, "admin").is_empty());
}

#[test]
fn a_permission_is_implied_by_every_role_that_comes_to_it() {
    let shop = shop();
    let roles = |name| shop.roles_that_imply(Fact::Permission, name);
    assert_eq!(roles("orders:read"), ["admin", "editor", "viewer"]);
    assert_eq!(roles("orders:write"), ["admin", "editor"]);
    assert_eq!(roles("users:read"), ["admin"]);
}

#[test]
fn a_scope_is_implied_by_nothing() {
    assert!(shop().roles_that_imply(Fact::Scope, "orders").is_empty());
}

#[test]
fn what_the_file_does_not_list_is_not_known_to_be_wrong() {
    let nothing = Vocabulary::read("").unwrap();
    for fact in [Fact::Role, Fact::Scope, Fact::Permission] {
        assert_eq!(nothing.names(fact), None);
    }
    assert_eq!(shop().names(Fact::Scope), Some(vec!["orders"]));
}

#[test]
fn an_empty_list_knows_no_name() {
    let none = Vocabulary::read("[scopes]\nnames = []").unwrap();
    assert_eq!(none.names(Fact::Scope), Some(vec![]));
}

#[test]
fn text_that_is_no_toml_is_told_with_its_place() {
    let [fault] = &faults("[roles.admin]\nincludes = [\"a\"\n")[..] else { panic!("one fault") };
    assert!(fault.starts_with("2:"), "{fault}");
}

#[test]
fn unknown_keys_are_refused_with_what_was_meant() {
    assert_eq!(
        faults("[role.admin]\n[roles.a]\ninclude = []\nfoo = 1\n[scopes]\nname = []"),
        [
            "1:2 unknown key `role` (did you mean `roles`?)",
            "3:1 unknown key `include` (did you mean `includes`?)",
            "4:1 unknown key `foo` (expected `includes` or `permissions`)",
            "6:1 unknown key `name` (did you mean `names`?)",
        ]
    );
}

#[test]
fn values_of_another_type_are_refused() {
    assert_eq!(
        faults("roles = 1\nscopes = \"a\"\n[permissions]\nnames = [\"a\", 1]"),
        [
            "1:9 `roles` expects a table, found an integer (`[roles.admin]`)",
            "2:10 `scopes` expects a table, found a string (`names = [\"orders:read\"]`)",
            "4:15 `names` expects names as strings, found an integer (`names = [\"…\"]`)",
        ]
    );
    assert_eq!(
        faults("[roles.a]\nincludes = \"b\""),
        ["2:12 `includes` expects a list of names, found a string (`includes = [\"…\"]`)"]
    );
}

#[test]
fn a_table_without_names_lists_nothing() {
    assert_eq!(
        faults("[scopes]"),
        ["1:1 `scopes` expects `names`, found nothing (`names = [\"orders:read\"]`)"]
    );
}

#[test]
fn unknown_inclusions_are_refused() {
    assert_eq!(
        faults("[roles.viewer]\n[roles.admin]\nincludes = [\"veiwer\", \"x\"]"),
        [
            "3:13 unknown role `veiwer` (did you mean `viewer`?)",
            "3:23 unknown role `x` (add a table `[roles.x]`)",
        ]
    );
}

#[test]
fn a_cycle_is_told_once_with_its_way() {
    let cycle = "[roles.a]\nincludes = [\"b\"]\n[roles.b]\nincludes = [\"c\"]\n[roles.c]\nincludes = [\"a\"]\n[roles.d]\nincludes = [\"a\"]";
    assert_eq!(faults(cycle), ["2:13 `a` includes itself: a → b → c → a"]);
    assert_eq!(faults("[roles.a]\nincludes = [\"a\"]"), ["2:13 `a` includes itself: a → a"]);
}

#[test]
fn names_that_differ_in_case_only_are_refused() {
    assert_eq!(
        faults("[roles.admin]\n[roles.Admin]"),
        ["1:8 `Admin` and `admin` differ in case only (keep one of them)"]
    );
    assert_eq!(
        faults("[scopes]\nnames = [\"a\", \"A\"]"),
        ["2:15 `a` and `A` differ in case only (keep one of them)"]
    );
}

#[test]
fn a_file_is_text_and_its_places_are_those_of_an_editor() {
    let faults = |bytes: &[u8]| {
        let faults = Vocabulary::read_bytes(bytes).unwrap_err();
        faults
            .iter()
            .map(|it| format!("{}:{} {}", it.line, it.column, it.message))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        faults(b"[roles.a]\n# gr\xfc\xdfe"),
        ["2:5 expected text in UTF-8, found the byte 0xfc"]
    );
    assert_eq!(faults(b"\xef\xbb\xbf[role.a]"), ["1:2 unknown key `role`"]);
    assert_eq!(faults(b"[roles.a]\r\n[role.b]\r\n"), ["2:2 unknown key `role`"]);
    assert!(Vocabulary::read_bytes(b"\xef\xbb\xbf[roles.a]\n").is_ok());
}

#[test]
fn what_stands_below_a_table_is_the_tables() {
    assert_eq!(
        faults("[roles.a]\nprofile = \"strict\""),
        [
            "2:1 unknown key `profile` (write `profile` above the first table, or as a table of its own)"
        ]
    );
}

#[test]
fn a_name_is_listed_once() {
    assert_eq!(faults("[scopes]\nnames = [\"a\", \"a\"]"), ["2:15 `a` is listed twice"]);
}

#[test]
fn a_listed_name_is_a_visible_word_and_no_pattern() {
    assert_eq!(
        faults("[permissions]\nnames = [\"a b\", \"\", \"orders:*\"]"),
        [
            "2:10 expected a name of visible characters, found `\"a b\"`",
            "2:17 expected a name of visible characters, found `\"\"`",
            "2:21 expected a name, found the pattern `orders:*` (write patterns in the `permissions` of a role)",
        ]
    );
    assert_eq!(
        faults("[roles.\"a\\u200b\"]"),
        ["1:8 expected a name of visible characters, found `\"a\\u{200b}\"`"]
    );
}

#[test]
fn what_a_role_grants_is_listed() {
    assert_eq!(
        faults("[roles.a]\npermissions = [\"orders:read\"]"),
        [
            "2:16 a role's `permissions` expect a list of all permissions, found none (`[permissions]` with `names = [\"orders:read\"]`)"
        ]
    );
    let listed = "[permissions]\nnames = [\"orders:read\"]\n[roles.a]\n";
    assert_eq!(
        faults(&format!("{listed}permissions = [\"orders:raed\", \"users:*\"]")),
        [
            "4:16 unknown permission `orders:raed` (did you mean `orders:read`?)",
            "4:31 `users:*` matches no permission",
        ]
    );
}

#[test]
fn a_pattern_ends_at_a_separator() {
    let listed = "[permissions]\nnames = [\"orders:read\"]\n[roles.a]\n";
    for pattern in ["ord*", "*:read", "orders:**", "orders:*:x"] {
        let [fault] = &faults(&format!("{listed}permissions = [\"{pattern}\"]"))[..] else {
            panic!("one fault")
        };
        assert!(fault.contains("expected `*` alone after a separator"), "{fault}");
    }
    assert!(Vocabulary::read(&format!("{listed}permissions = [\"*\"]")).is_ok());
}

#[test]
fn every_mistake_is_told_at_once() {
    let text = "[roles.a]\nincludes = [\"z\"]\nfoo = 1\n[scopes]\nnames = [\"s\", \"s\"]";
    assert_eq!(faults(text).len(), 3);
}

#[test]
fn levels_are_those_of_the_profile_unless_they_are_set() {
    let level = |text: &str, lint| Vocabulary::read(text).unwrap().levels().of(lint);
    let (open, arity) = (&lints::OBJECT_WITHOUT_RULE, &lints::PATH_ARITY);
    assert_eq!(level("", open), Level::Allow);
    assert_eq!(level("profile = \"standard\"", open), Level::Allow);
    assert_eq!(level("profile = \"strict\"", open), Level::Deny);
    let set = "profile = \"strict\"\n[lints]\nobject-without-rule = \"warn\"";
    assert_eq!((level(set, open), level(set, arity)), (Level::Warn, Level::Deny));
    assert_eq!(level("[lints]\npath-arity = \"allow\"", arity), Level::Allow);
}

#[test]
fn unknown_profiles_lints_and_levels_are_refused_with_what_was_meant() {
    assert_eq!(
        faults("profile = \"stritc\"\n[lints]\npath-arty = \"deny\"\npath-arity = \"warm\""),
        [
            "1:11 unknown profile `stritc` (did you mean `strict`?)",
            "3:1 unknown lint `path-arty` (did you mean `path-arity`?)",
            "4:14 unknown level `warm` (did you mean `warn`?)",
        ]
    );
    assert_eq!(
        faults("profile = 1\n[lints]\npath-arity = true"),
        [
            "1:11 `profile` expects a word as a string, found an integer (`profile = \"strict\"`)",
            "3:14 `path-arity` expects a word as a string, found a boolean (`path-arity = \"warn\"`)",
        ]
    );
    assert_eq!(
        faults("[lints]\npath-arity = \"\""),
        ["2:14 unknown level `` (expected `deny`, `warn` or `allow`)"]
    );
    assert_eq!(faults("lints = 1"), ["1:9 `lints` expects a table, found an integer (`[lints]`)"]);
}

/// A random hierarchy without cycles: a role includes earlier ones only.
fn hierarchy() -> impl Strategy<Value = Vec<(BTreeSet<usize>, BTreeSet<usize>)>> {
    let role = (
        proptest::collection::btree_set(0..8_usize, 0..4),
        proptest::collection::btree_set(0..5_usize, 0..3),
    );
    proptest::collection::vec(role, 1..8).prop_map(|mut roles| {
        for (index, (includes, _)) in roles.iter_mut().enumerate() {
            includes.retain(|included| *included < index);
        }
        roles
    })
}

proptest! {
    /// Folding never changes a decision: a caller satisfies the folded demand exactly if walking
    /// the hierarchy from the caller's roles comes to the name.
    #[test]
    fn folding_decides_as_walking_the_hierarchy_does(
        roles in hierarchy(),
        held in proptest::collection::btree_set(0..8_usize, 0..4),
    ) {
        let mut text = "[permissions]\nnames = [\"p0\", \"p1\", \"p2\", \"p3\", \"p4\"]\n".to_owned();
        for (index, (includes, permissions)) in roles.iter().enumerate() {
            let includes: Vec<String> = includes.iter().map(|role| format!("\"r{role}\"")).collect();
            let granted: Vec<String> = permissions.iter().map(|it| format!("\"p{it}\"")).collect();
            text += &format!(
                "[roles.r{index}]\nincludes = [{}]\npermissions = [{}]\n",
                includes.join(","), granted.join(","),
            );
        }
        let vocabulary = Vocabulary::read(&text).unwrap();
        let by_index: BTreeMap<usize, _> = roles.iter().enumerate().collect();

        let mut reached: BTreeSet<usize> = BTreeSet::new();
        let mut open: Vec<usize> = held.iter().copied().collect();
        while let Some(role) = open.pop() {
            if reached.insert(role) {
                open.extend(by_index.get(&role).into_iter().flat_map(|(includes, _)| includes));
            }
        }
        let folded = |fact, name: &str| {
            let holds = |role: &&str| held.iter().any(|held| format!("r{held}") == **role);
            vocabulary.roles_that_imply(fact, name).iter().any(holds)
        };
        for role in 0..roles.len() {
            let walked = reached.contains(&role);
            prop_assert_eq!(held.contains(&role) || folded(Fact::Role, &format!("r{role}")), walked);
        }
        for permission in 0..5 {
            let walked = reached.iter().any(|role| {
                by_index.get(role).is_some_and(|(_, granted)| granted.contains(&permission))
            });
            prop_assert_eq!(folded(Fact::Permission, &format!("p{permission}")), walked);
        }
    }

    /// No text makes reading it panic.
    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,80}") {
        let _ = Vocabulary::read(&text);
    }
}

#[test]
fn tiers_and_claims_are_read() {
    let text = "[tiers]\nnames = [\"free\", \"pro\"]\nclaim = [\"https://shop.example/plan\"]\n\
                [tenants]\nclaim = \"org.id\"";
    let vocabulary = Vocabulary::read(text).unwrap();
    assert_eq!(vocabulary.tiers().unwrap(), ["free", "pro"]);
    let claims = vocabulary.claims();
    assert_eq!(claims.tier.as_deref().unwrap(), ["https://shop.example/plan"]);
    assert_eq!(claims.tenant.as_deref().unwrap(), ["org", "id"]);
    assert!(shop().tiers().is_none() && shop().claims().tenant.is_none());
}

#[test]
fn faults_of_tiers_and_claims_are_told() {
    let text = "[tiers]\nnames = [\"free\", \"a tier\", \"Free\", \"free\"]\nclaim = \"\"\nname = 1\n\
                [tenants]\nclaim = \"https://shop.example/tid\"";
    assert_eq!(
        faults(text),
        [
            "2:18 expected a word as the name of a tier, found `a tier` \
             (policies write it without quotes: `tier(free = \"100/h\")`)",
            "2:28 `Free` and `free` differ in case only (keep one of them)",
            "2:36 `free` and `Free` differ in case only (keep one of them)",
            "3:9 the claim `` has an empty name",
            "4:1 unknown key `name` (did you mean `names`?)",
            "6:9 the claim `https://shop.example/tid` is split at dots: \
             write it as a list with one name",
        ]
    );
    assert_eq!(
        faults("[tiers]\nnames = [\"free\"]\nclaim = 3\n[tenants]\nnames = []"),
        [
            "2:10 expected at least two tiers, found one",
            "3:9 `claim` expects a name, found an integer (`claim = \"plan\"`)",
            "5:1 unknown key `names` (expected `claim`)",
        ]
    );
}
