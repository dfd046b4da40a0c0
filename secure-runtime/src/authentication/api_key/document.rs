//! Strict parser of the JSON file of API keys.
//!
//! 1. One JSON object with the list `keys`; each element is an object with `id`, `hash` and `owner`,
//!    and may have `issuer`, `roles`, `scopes`, `permissions`, `tenant`, `tier` and `expires_at`.
//! 2. What is unknown, missing, twice there or of another type refuses the file as a whole: a
//!    misspelt `expires_at` would be a key without an end.
//! 3. A fault says where it is, and repeats nothing of the file: somebody may have put a key there.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;

use super::key::is_id;
use super::{KeyHash, KeyRecord};
use crate::authentication::claim_path::is_name;
use crate::authentication::json::{Json, Object};
use crate::authentication::provider::{Change, Fetched};
use crate::principal::Principal;

/// The records of one reading.
#[derive(Debug)]
pub(crate) struct Document(HashMap<Box<str>, KeyRecord, ahash::RandomState>);

impl Document {
    /// Reads a file's text; the error is everything that is wrong with it.
    pub(crate) fn read(text: &str) -> Result<Self, Vec<String>> {
        let items = match serde_json::from_str(text) {
            Ok(Json::Object(document)) => keys(document)?,
            Ok(_) => return Err(vec![NO_LIST.to_owned()]),
            Err(error) => return Err(vec![format!("not JSON: {error}")]),
        };
        let mut records = HashMap::default();
        let mut faults = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let mut found = Faults(Vec::new());
            if let Some(record) = read_record(item, &mut found)
                && records.insert(record.id().into(), record).is_some()
            {
                found.add("has the id of another one");
            }
            faults.extend(found.0.iter().map(|fault| format!("key {} {fault}", index + 1)));
        }
        if faults.is_empty() {
            return Ok(Self(records));
        }
        let others = faults.len().saturating_sub(MOST_FAULTS);
        faults.truncate(MOST_FAULTS);
        if others > 0 {
            faults.push(format!("and {others} more faults"));
        }
        Err(faults)
    }

    pub(super) fn record(&self, id: &str) -> Option<KeyRecord> {
        self.0.get(id).cloned()
    }

    pub(crate) fn records(&self) -> impl Iterator<Item = &KeyRecord> {
        self.0.values()
    }
}

impl Fetched for Document {
    /// Last uses go over to the new records. Nothing is remembered of withdrawn ones.
    fn succeed(&self, earlier: &Self) -> Change {
        for record in self.records() {
            let last_use = earlier.0.get(record.id()).and_then(KeyRecord::last_used_unix);
            record.note(last_use.unwrap_or_default());
        }
        Change::Nothing
    }
}

/// What is wrong with one record.
struct Faults(Vec<String>);

impl Faults {
    fn add(&mut self, fault: impl Into<String>) {
        self.0.push(fault.into());
    }
}

fn keys(document: Object<'_>) -> Result<Vec<Json<'_>>, Vec<String>> {
    let mut members = document.into_members();
    match (members.pop(), members.is_empty()) {
        (Some((name, Json::List(items))), true) if name == "keys" => Ok(items),
        _ => Err(vec![NO_LIST.to_owned()]),
    }
}

fn read_record(item: &Json<'_>, faults: &mut Faults) -> Option<KeyRecord> {
    let Json::Object(record) = item else {
        faults.add("is not an object");
        return None;
    };
    check_members(record, faults);
    let id = required(record, "id", faults).filter(|id| {
        let is_id = is_id(id);
        if !is_id {
            faults.add("has an `id` that is not that of a key");
        }
        is_id
    });
    let hash = required(record, "hash", faults).and_then(|hash| {
        let hash: Result<KeyHash, _> = hash.parse();
        hash.map_err(|error| faults.add(format!("has a `hash` of another form: {error}"))).ok()
    });
    let owner = required(record, "owner", faults);
    let roles = names(record, "roles", faults);
    let scopes = names(record, "scopes", faults);
    let permissions = names(record, "permissions", faults);
    let issuer = optional(record, "issuer", faults);
    let tenant = optional(record, "tenant", faults);
    let tier = optional(record, "tier", faults);
    let end = expires_at(record, faults);
    let mut principal = Principal::builder(owner?);
    principal = principal.roles(roles).scopes(scopes).permissions(permissions);
    principal = issuer.into_iter().fold(principal, |it, issuer| it.issuer(issuer));
    principal = tenant.into_iter().fold(principal, |it, tenant| it.tenant(tenant));
    principal = tier.into_iter().fold(principal, |it, tier| it.tier(tier));
    principal = end.into_iter().fold(principal, |it, end| it.expires_at_unix(end));
    KeyRecord::new(id?, hash?, principal).map_err(|error| faults.add(error.to_string())).ok()
}

/// Members that nobody knows, and those that are there twice.
fn check_members(record: &Object<'_>, faults: &mut Faults) {
    let mut seen = HashSet::new();
    for name in record.names() {
        if !MEMBERS.contains(&name) {
            // Not even the name is repeated: it may be anything.
            faults.add(format!("has an unknown member, expected {}", MEMBERS.join(", ")));
        } else if !seen.insert(name) {
            faults.add(format!("has `{name}` twice"));
        }
    }
}

fn required<'a>(record: &'a Object<'_>, name: &str, faults: &mut Faults) -> Option<&'a str> {
    if record.get(name).is_none() {
        faults.add(format!("has no `{name}`"));
    }
    optional(record, name, faults)
}

fn optional<'a>(record: &'a Object<'_>, name: &str, faults: &mut Faults) -> Option<&'a str> {
    match record.get(name)? {
        Json::Text(text) if is_name(text) => Some(text),
        _ => {
            faults.add(format!("has `{name}` that is not a name"));
            None
        }
    }
}

fn names<'a>(record: &'a Object<'_>, name: &str, faults: &mut Faults) -> Vec<&'a str> {
    let items = match record.get(name) {
        None => return Vec::new(),
        Some(Json::List(items)) => items,
        Some(_) => {
            faults.add(format!("has `{name}` that are not a list"));
            return Vec::new();
        }
    };
    let names: Option<Vec<&str>> = items
        .iter()
        .map(|item| match item {
            Json::Text(text) if is_name(text) => Some(&**text),
            _ => None,
        })
        .collect();
    names.unwrap_or_else(|| {
        faults.add(format!("has `{name}` of which one is not a name"));
        Vec::new()
    })
}

fn expires_at(record: &Object<'_>, faults: &mut Faults) -> Option<u64> {
    let end = match record.get("expires_at")? {
        Json::Text(text) => text.parse::<Timestamp>().ok(),
        _ => None,
    };
    let end = end.and_then(|end| u64::try_from(end.as_second()).ok());
    if end.is_none() {
        faults.add("has an `expires_at` that is not a time such as `2026-12-31T00:00:00Z`");
    }
    end
}

const MEMBERS: [&str; 10] = [
    "id",
    "hash",
    "owner",
    "issuer",
    "roles",
    "scopes",
    "permissions",
    "tenant",
    "tier",
    "expires_at",
];

const NO_LIST: &str = "the file is not an object with the one member `keys`, a list";

/// Enough to see what is wrong.
const MOST_FAULTS: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authentication::api_key::KeyError;

    const GOOD: &str = r#""id":"shop_4kPzX0aVbQ2e","hash":"sha256:f107a3f5dc4dc514a52d289b8b129181c806146ab0a0eaceac51ca519f814bf1","owner":"billing""#;

    /// What is wrong with a file of one record, which has these members too.
    fn check(members: &str, expected: &str) {
        let text = format!("{{\"keys\":[{{{members}}}]}}");
        let faults = Document::read(&text).map(|_| ()).unwrap_err();
        assert_eq!(faults, [format!("key 1 {expected}")], "{text}");
    }

    #[test]
    fn a_record_has_known_members_once_and_of_the_right_type() {
        let with = |more: &str| format!("{GOOD},{more}");
        let text = format!(
            r#"{{"keys":[{{{GOOD},"roles":["a"],"scopes":[],"permissions":["p","q"],
               "issuer":"https://issuer.example","tenant":"acme","tier":"pro","expires_at":"2027-01-01T01:00:00+01:00"}}]}}"#
        );
        let document = Document::read(&text).unwrap();
        let record = document.record("shop_4kPzX0aVbQ2e").unwrap();
        let caller = record.principal();
        assert_eq!(
            (caller.subject(), caller.issuer(), caller.tenant(), caller.tier()),
            ("billing", Some("https://issuer.example"), Some("acme"), Some("pro"))
        );
        assert_eq!(caller.roles().chain(caller.permissions()).collect::<Vec<_>>(), ["a", "p", "q"]);
        assert_eq!(caller.expires_at_unix(), Some(1_798_761_600));

        let published = "56eb64d2e1bee51e9b2b2182456a56ab260aa609607e31f29ad3599936364d6b";
        check(
            &format!(r#""id":"a_4kPzX0aVbQ2e","hash":"sha256:{published}","owner":"billing""#),
            &KeyError::Published.to_string(),
        );
        let unknown = "has an unknown member, expected id, hash, owner, issuer, roles, scopes, permissions, tenant, tier, expires_at";
        check(&with(r#""expires":"2027-01-01T00:00:00Z""#), unknown);
        check(&with(r#""role":["a"]"#), unknown);
        check(&with(r#""Roles":["a"]"#), unknown);
        check(&with(r#""owner":"mallory""#), "has `owner` twice");
        check(&with(r#""\u006fwner":"mallory""#), "has `owner` twice");
        check(&with(r#""roles":"a""#), "has `roles` that are not a list");
        check(&with(r#""roles":null"#), "has `roles` that are not a list");
        check(&with(r#""roles":[""]"#), "has `roles` of which one is not a name");
        check(&with(r#""scopes":["a",1]"#), "has `scopes` of which one is not a name");
        check(&with(r#""scopes":["a",["b"]]"#), "has `scopes` of which one is not a name");
        check(&with(r#""tenant":"a\u0000""#), "has `tenant` that is not a name");
        check(&with(r#""issuer":"""#), "has `issuer` that is not a name");
        check(&with(r#""tier":1"#), "has `tier` that is not a name");
        let time = "has an `expires_at` that is not a time such as `2026-12-31T00:00:00Z`";
        for bad in [
            "null",
            "1798761600",
            "\"\"",
            "\"2027-01-01\"",
            "\"2027-01-01T00:00:00\"",
            "\"1969-12-31T00:00:00Z\"",
            "\"2027-13-01T00:00:00Z\"",
            "\"never\"",
            "[\"2027-01-01T00:00:00Z\"]",
        ] {
            check(&with(&format!("\"expires_at\":{bad}")), time);
        }
        check(&GOOD.replacen("billing", "", 1), "has `owner` that is not a name");
        check(&GOOD.replacen("shop_4", "shop_", 1), "has an `id` that is not that of a key");
        let hash = "has a `hash` of another form: expected `sha256:` and 64 hexadecimal digits in lower case";
        check(&GOOD.replacen("sha256:", "", 1), hash);
        check(&GOOD.replacen("sha256:5", "sha256:", 1), hash);
        check(&GOOD.replacen("\"owner\"", "\"tenant\"", 1), "has no `owner`");
    }

    #[test]
    fn a_key_that_was_put_there_by_mistake_is_not_repeated() {
        let key = "shop_4kPzX0aVbQ2e_0123456789ABCDEFGHIJabcdefghij3mViRz";
        for text in [
            format!(r#"{{"keys":[{{"id":"{key}","hash":"{key}","owner":"a","{key}":1}}]}}"#),
            format!(r#"{{"{key}":[]}}"#),
            format!(r#"{{"keys":["{key}"]}}"#),
            format!("{{\"keys\":[{key}]}}"),
        ] {
            let faults = Document::read(&text).map(|_| ()).unwrap_err();
            assert!(!format!("{faults:?}").contains("0123456789ABCDEF"), "{faults:?}");
        }
    }

    #[test]
    fn a_file_is_one_object_with_one_list() {
        assert_eq!(Document::read(r#" {"keys":[]} "#).map(|it| it.records().count()), Ok(0));
        for text in [
            "[]",
            "{}",
            "null",
            r#"{"keys":{}}"#,
            r#"{"keys":[],"x":1}"#,
            r#"{"keys":[],"keys":[]}"#,
        ] {
            assert_eq!(Document::read(text).map(|_| ()).unwrap_err(), [NO_LIST], "{text}");
        }
        for text in
            ["", "{\"keys\":[", "{\"keys\":[]}}", "\u{feff}{\"keys\":[]}", "{\"keys\":[1,]}"]
        {
            let faults = Document::read(text).map(|_| ()).unwrap_err();
            assert!(
                faults[0].starts_with("not JSON: ") && faults[0].contains("line 1"),
                "{faults:?}"
            );
        }
        let deep = format!("{{\"keys\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
        Document::read(&deep).unwrap_err();
        let twice = format!("{{\"keys\":[{{{GOOD}}},{{{GOOD}}}]}}");
        assert_eq!(
            Document::read(&twice).map(|_| ()).unwrap_err(),
            ["key 2 has the id of another one"]
        );
        let many = format!("{{\"keys\":[{}]}}", vec!["7"; 50].join(","));
        let faults = Document::read(&many).map(|_| ()).unwrap_err();
        assert_eq!((faults.len(), &*faults[20]), (21, "and 30 more faults"));
    }
}
