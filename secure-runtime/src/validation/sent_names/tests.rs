//! Tests: the field names in violations, for types as applications write them.
#![expect(dead_code, reason = "the types are read for their names only")]

use std::cell::Cell;
use std::collections::{BTreeMap, HashMap, HashSet};

use proptest::prelude::*;
use serde::{Deserialize, Serialize};

use super::*;

/// `pointer` of a violation in a `T`, as it is told.
#[track_caller]
fn check<T: DeserializeOwned>(pointer: &str, expected: &str) {
    assert_eq!(as_sent(pointer, read::<T>), expected, "{pointer}");
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Item {
    unit_price: u32,
    r#type: String,
    #[serde(rename = "sku")]
    article_number: String,
    #[serde(alias = "how_many", alias = "count")]
    quantity: u32,
    #[serde(default)]
    sub_items: Option<Vec<Item>>,
}

#[derive(Deserialize)]
#[serde(transparent)]
struct Items(Vec<Item>);

#[derive(Deserialize)]
struct Wrapped<T>(T);

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Order<T> {
    first_item: Box<T>,
    items: Vec<T>,
    by_name: HashMap<String, T>,
    by_number: BTreeMap<u8, T>,
    by_id: BTreeMap<Wrapped<String>, T>,
    transparent_items: Items,
    wrapped_item: Option<Option<Wrapped<Box<Item>>>>,
    pair: (T, T),
    #[serde(default = "never")]
    with_a_default: Option<Item>,
}

impl Ord for Wrapped<String> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.cmp(&other.0)
    }
}

impl PartialOrd for Wrapped<String> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Wrapped<String> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Eq for Wrapped<String> {}

fn never<T>() -> T {
    panic!("nothing is ever read to its end")
}

#[test]
fn names_are_followed_through_structs_lists_options_maps_and_wrappers() {
    for (pointer, expected) in [
        ("#", "#"),
        ("#/first_item/unit_price", "#/FirstItem/unitPrice"),
        ("#/items/0/unit_price", "#/Items/0/unitPrice"),
        ("#/items/4711/sub_items/1/sub_items/2", "#/Items/4711/subItems/1/subItems/2"),
        ("#/by_name/unit_price/unit_price", "#/ByName/unit_price/unitPrice"),
        ("#/by_name/a~1b~0%20%C3%A9/unit_price", "#/ByName/a~1b~0%20%C3%A9/unitPrice"),
        ("#/by_number/7/unit_price", "#/ByNumber/7/unitPrice"),
        ("#/by_id/x/unit_price", "#/ById/x/unitPrice"),
        ("#/transparent_items/3/unit_price", "#/TransparentItems/3/unitPrice"),
        ("#/wrapped_item/unit_price", "#/WrappedItem/unitPrice"),
        ("#/with_a_default/sub_items", "#/WithADefault/subItems"),
        // Of tuples only the name is known; what is not there at all stays as it is.
        ("#/pair/0/unit_price", "#/Pair/0/unit_price"),
        ("#/by_number/300/unit_price", "#/ByNumber/300/unit_price"),
        ("#/items/x/unit_price", "#/Items/x/unit_price"),
        ("#/items/0/unit_price/a_b/c_d", "#/Items/0/unitPrice/a_b/c_d"),
        ("#/nobody/unit_price", "#/nobody/unit_price"),
    ] {
        check::<Order<Item>>(pointer, expected);
    }
    check::<Vec<Item>>("#/1/unit_price", "#/1/unitPrice");
    check::<HashSet<String>>("#/1/unit_price", "#/1/unit_price");
    check::<Order<String>>("#/items/0/unit_price", "#/Items/0/unit_price");
    check::<String>("#/unit_price", "#/unit_price");
    check::<serde_json::Value>("#/unit_price", "#/unit_price");
}

#[test]
fn a_name_stays_unless_one_rule_finds_another() {
    check::<Item>("#/type", "#/type");
    check::<Item>("#/r%23type", "#/type");
    check::<Item>("#/quantity", "#/quantity");
    check::<Item>("#/article_number", "#/article_number");
    // An alias is accepted as well.
    check::<Item>("#/how_many", "#/how_many");
    // Two names of different fields could be meant.
    #[derive(Deserialize)]
    struct Doubtful {
        #[serde(rename = "firstName")]
        first_name: String,
        #[serde(rename = "first-name")]
        other: String,
    }
    check::<Doubtful>("#/first_name", "#/first_name");
    // One spelling by several rules.
    #[derive(Deserialize)]
    #[serde(rename_all = "UPPERCASE")]
    struct Short {
        a: u8,
    }
    check::<Short>("#/a", "#/A");
    #[derive(Deserialize)]
    #[serde(rename_all(serialize = "camelCase", deserialize = "kebab-case"))]
    struct Twofold {
        first_name: String,
        #[serde(rename(serialize = "last-name", deserialize = "lastName"))]
        last_name: String,
        #[serde(skip_deserializing)]
        made_here: String,
    }
    check::<Twofold>("#/first_name", "#/first-name");
    check::<Twofold>("#/last_name", "#/lastName");
    check::<Twofold>("#/made_here", "#/made_here");
}

#[derive(Deserialize)]
struct Flattened {
    lines: Vec<Item>,
    order_lines: Vec<Item>,
    #[serde(flatten)]
    item: Item,
    #[serde(flatten)]
    more: HashMap<String, serde_json::Value>,
}

#[derive(Deserialize)]
enum External {
    Card { card_number: String },
    Items(Vec<Item>),
}

#[derive(Deserialize)]
#[serde(tag = "kind", rename_all_fields = "camelCase")]
enum Internal {
    Card { card_number: String },
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Untagged {
    Item(Item),
    Items(Vec<Item>),
}

#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
struct Tagged {
    card_number: String,
}

#[derive(Deserialize)]
#[serde(try_from = "Item")]
struct Converted(u32);

impl TryFrom<Item> for Converted {
    type Error = String;

    fn try_from(_: Item) -> Result<Self, String> {
        never()
    }
}

#[test]
fn what_serde_does_not_tell_keeps_its_names_in_rust() {
    check::<Flattened>("#/lines/0/unit_price", "#/lines/0/unitPrice");
    check::<Flattened>("#/order_lines/0/unit_price", "#/order_lines/0/unitPrice");
    check::<Flattened>("#/item/unit_price", "#/item/unit_price");
    check::<Flattened>("#/more/a_b/c_d", "#/more/a_b/c_d");
    check::<External>("#/card_number", "#/card_number");
    check::<External>("#/0/unit_price", "#/0/unit_price");
    check::<Internal>("#/card_number", "#/card_number");
    check::<Untagged>("#/unit_price", "#/unit_price");
    check::<Tagged>("#/card_number", "#/cardNumber");
    check::<Converted>("#/unit_price", "#/unitPrice");
}

#[test]
fn what_was_found_in_one_argument_has_no_names_of_another() {
    let found = |pointer: &str| FieldError {
        location: "body",
        pointer: pointer.to_owned(),
        code: String::from("x"),
        detail: String::new(),
    };
    let mut violations = Violations::default();
    violations.found.push(found("#/unit_price"));
    violations.with_names_of::<Item>(|violations| {
        violations.found.extend([found("#/unit_price"), found("#"), found("#/unitPrice")]);
    });
    violations.with_names_of::<Twice>(|violations| {
        violations.with_names_of::<Twice>(|violations| violations.found.push(found("#/a_b")));
    });
    let pointers: Vec<_> = violations.found.iter().map(|error| &*error.pointer).collect();
    assert_eq!(pointers, ["#", "#/aB", "#/unitPrice", "#/unitPrice", "#/unit_price"]);
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Twice {
    a_b: u8,
}

/// Never ends, had it a value.
#[derive(Deserialize)]
struct Endless(Option<Box<Endless>>);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct List {
    next_one: Option<Box<List>>,
}

#[test]
fn recursive_types_end() {
    check::<Endless>("#/first_name", "#/first_name");
    let long = |name: &str| format!("#{}", format!("/{name}").repeat(1_000));
    let told = as_sent(&long("next_one"), read::<List>);
    assert_eq!(told.matches("/nextOne").count(), MOST_STEPS / 2);
    assert_eq!(told.matches("/next_one").count(), 1_000 - MOST_STEPS / 2);
}

thread_local! {
    static READS: Cell<u32> = const { Cell::new(0) };
}

/// What hand-written code may do to a deserializer.
mod hostile {
    use super::*;

    pub(super) fn panics<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
        Ok(String::deserialize(from).expect("never anything else"))
    }

    /// Takes each failure for a value.
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    pub(super) struct Lenient {
        #[serde(deserialize_with = "forgives")]
        pub(super) sub_item: Option<Item>,
        #[serde(deserialize_with = "counts", default)]
        pub(super) other: (),
    }

    fn forgives<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Item>, D::Error> {
        Ok(Item::deserialize(from).ok())
    }

    pub(super) fn counts<'de, D: Deserializer<'de>>(_: D) -> Result<(), D::Error> {
        READS.set(READS.get() + 1);
        Ok(())
    }

    /// Reads a list again and again, whatever comes.
    pub(super) struct Stubborn;

    impl<'de> Deserialize<'de> for Stubborn {
        fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
            struct Visits;
            impl<'de> Visitor<'de> for Visits {
                type Value = Stubborn;

                fn expecting(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
                    never()
                }

                fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Stubborn, A::Error> {
                    for _ in 0..1_000 {
                        let _ = map.next_value::<Stubborn>();
                        let _ = map.next_key::<String>();
                        let _ = map.next_entry::<u8, u8>();
                    }
                    Ok(Stubborn)
                }
            }
            from.deserialize_map(Visits)
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Guarded {
    #[serde(deserialize_with = "hostile::panics")]
    first_name: String,
    inner_one: Box<Guarded>,
}

#[test]
fn hand_written_code_changes_nothing_else() {
    check::<Guarded>("#/first_name", "#/firstName");
    check::<Guarded>("#/inner_one/first_name/last_name", "#/innerOne/firstName/last_name");
    check::<hostile::Lenient>("#/sub_item/unit_price", "#/subItem/unitPrice");
    assert_eq!(READS.get(), 0);
    check::<hostile::Stubborn>(&"#/a_b".replace("/a_b", &"/a_b".repeat(500)), &{
        format!("#{}", "/a_b".repeat(500))
    });
}

/// Every rule of `rename_all`, as `serde` itself applies it.
macro_rules! rules {
    ($($name:ident $rule:literal),* $(,)?) => {$(
        #[derive(Deserialize, Serialize, Default)]
        #[serde(rename_all = $rule)]
        #[expect(non_snake_case, reason = "names as they come")]
        struct $name {
            a: u8,
            plain: u8,
            first_name: u8,
            ab_1c_d2: u8,
            _leading: u8,
            double__under: u8,
            trailing_: u8,
            r#type: u8,
            Upper: u8,
            mixedCase: u8,
        }
    )*

    #[test]
    fn every_rule_of_serde_is_known() {
        let fields = [
            "a", "plain", "first_name", "ab_1c_d2", "_leading", "double__under", "trailing_", "r#type",
            "Upper", "mixedCase",
        ];
        $({
            let text = serde_json::to_string(&$name::default()).unwrap();
            let names: Vec<&str> = text.split('"').skip(1).step_by(2).collect();
            for (field, name) in fields.iter().zip(names) {
                let pointer = format!("#/{}", field.replace('#', "%23"));
                assert_eq!(as_sent(&pointer, read::<$name>), format!("#/{name}"), "{}", $rule);
            }
        })*
    }};
}

rules! {
    Lower "lowercase", Upper "UPPERCASE", Pascal "PascalCase", Camel "camelCase", Snake "snake_case",
    Screaming "SCREAMING_SNAKE_CASE", Kebab "kebab-case", ScreamingKebab "SCREAMING-KEBAB-CASE",
}

proptest! {
    /// Whatever a path says, only names of fields are changed, and only in the place where they stand.
    #[test]
    fn a_path_of_any_names_keeps_its_length(
        names in proptest::collection::vec("(items|0|by_name|unit_price|sub_items|[a-zé/~%_]{0,3})", 0..6)
    ) {
        let mut pointer = String::from("#");
        names.iter().for_each(|name| push_segment(&mut pointer, name));
        let told = segments(&as_sent(&pointer, read::<Order<Item>>));
        prop_assert_eq!(told.len(), names.len());
        for (told, name) in told.iter().zip(&names) {
            prop_assert!(told == name || renamed(name).contains(told));
        }
    }
}
