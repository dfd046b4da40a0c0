//! Bodies that something else validates: the lint, its levels, and the table `[bodies]`.

use super::endpoint_with;
use crate::vocabulary::Vocabulary;

const JSON: &str = "#[post(\"/\")] async fn f(order: web::Json<Order>) -> String { todo!() }";

fn mistakes(file: &str, arguments: &str, item: &str) -> Vec<String> {
    let vocabulary = Vocabulary::read(file).unwrap();
    match endpoint_with(&vocabulary, arguments, item) {
        Ok(_) => Vec::new(),
        Err(report) => report.messages(),
    }
}

/// The data for the inventory: the parameters that are read from the body, and those that are not
/// validated.
fn told(file: &str, arguments: &str, item: &str) -> (u16, Vec<String>, Vec<String>, Vec<String>) {
    let vocabulary = Vocabulary::read(file).unwrap();
    let Ok(endpoint) = endpoint_with(&vocabulary, arguments, item) else {
        panic!("{:?}", mistakes(file, arguments, item));
    };
    let pairs = |pairs: &[(String, String)]| -> Vec<String> {
        pairs.iter().map(|(name, what)| format!("{name}: {what}")).collect()
    };
    let policy = &endpoint.policy;
    let (exempt, by) = (pairs(&policy.unvalidated), pairs(&policy.validated_by));
    (endpoint.bodies, policy.undecided.clone(), exempt, by)
}

fn list(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn an_undecided_body_is_an_error_unless_the_level_says_otherwise() {
    let roles = "roles = \"a\", rate = \"1/h\"";
    for file in ["", "profile = \"strict\"", "[lints]\nunvalidated-body = \"deny\""] {
        let [message] = mistakes(file, roles, JSON).try_into().unwrap();
        assert!(message.starts_with("`order: Json` holds a request body"), "{message}");
        assert!(message.contains("(lint `unvalidated-body`)"), "{message}");
    }
    for level in ["warn", "allow"] {
        let file = format!("[lints]\nunvalidated-body = \"{level}\"");
        let expected = (1, list(&["order"]), list(&[]), list(&[]));
        assert_eq!(told(&file, roles, JSON), expected, "{level}");
        let vocabulary = Vocabulary::read(&file).unwrap();
        let endpoint = endpoint_with(&vocabulary, roles, JSON).ok().unwrap();
        assert_eq!(endpoint.warnings.len(), usize::from(level == "warn"));
    }
}

#[test]
fn an_undecided_body_is_read_after_the_rules_about_other_arguments() {
    let item = "#[post(\"/{id}\")] async fn f(id: web::Path<u32>, (page, order): \
                (web::Query<Page>, web::Json<Order>), text: String) -> String { todo!() }";
    let file = "[lints]\nunvalidated-body = \"allow\"";
    let found = told(file, "roles = \"a\", allow = mine(*id)", item);
    assert_eq!(found, (0b110, list(&["order", "text"]), list(&[]), list(&[])));
    let found = told(file, "roles = \"a\", allow = mine(*id), validate(order)", item);
    assert_eq!(found, (0b110, list(&["text"]), list(&[]), list(&[])));
}

#[test]
fn extractors_that_validate_are_known_by_the_end_of_their_path() {
    let file = "[bodies]\nvalidated_by = [\"AwebJson\", \"actix_web_validator::Json\"]";
    let item = |ty: &str| format!("#[post(\"/\")] async fn f(order: {ty}) -> String {{ todo!() }}");
    for (ty, extractor) in [
        ("AwebJson<Order>", "AwebJson"),
        ("extract::AwebJson<Order, E>", "AwebJson"),
        ("Option<AwebJson<Order>>", "AwebJson"),
        ("Either<AwebJson<Order>, AwebJson<Old>>", "AwebJson"),
        ("actix_web_validator::Json<Order>", "actix_web_validator::Json"),
        ("::actix_web_validator::Json<Order>", "actix_web_validator::Json"),
    ] {
        let expected = (1, list(&[]), list(&[]), vec![format!("order: {extractor}")]);
        assert_eq!(told(file, "roles = \"a\"", &item(ty)), expected, "{ty}");
    }
    for ty in ["web::Json<Order>", "Json<Order>", "Either<AwebJson<Order>, web::Json<Old>>"] {
        assert_eq!(mistakes(file, "roles = \"a\"", &item(ty)).len(), 1, "{ty}");
    }
    // A macro cannot know whether the short name is the extractor's: the help shows how to write
    // it.
    let [message] = mistakes(file, "roles = \"a\"", &item("Json<Order>")).try_into().unwrap();
    assert!(
        message.contains("or write `actix_web_validator::Json<…>`, if that type is meant"),
        "{message}"
    );
    // A compile-time assertion checks whether it is one of actix-web's after all.
    let vocabulary = Vocabulary::read(file).unwrap();
    let item = item("AwebJson<Order>");
    let endpoint = endpoint_with(&vocabulary, "roles = \"a\"", &item).ok().unwrap();
    let tokens = crate::expand::endpoint(&endpoint).to_string();
    assert!(tokens.contains("and not the `AwebJson` of `secure.toml`"), "{tokens}");
}

#[test]
fn a_tuple_is_decided_when_all_of_it_is() {
    let file = "[bodies]\nvalidated_by = [\"AwebJson\"]";
    let item =
        "#[post(\"/\")] async fn f((a, b): (AwebJson<A>, web::Form<B>)) -> String { todo!() }";
    let [message] = mistakes(file, "roles = \"a\"", item).try_into().unwrap();
    assert!(message.starts_with("`b: Form` holds a request body"), "{message}");
    assert!(mistakes(file, "roles = \"a\", validate(b)", item).is_empty());
}

#[test]
fn every_body_may_be_exempt_with_one_reason() {
    let exempt = "roles = \"a\", unvalidated(any, reason = \"the domain layer checks\")";
    let two =
        "#[post(\"/\")] async fn f(order: web::Json<Order>, text: String) -> String { todo!() }";
    let expected = list(&["order: the domain layer checks", "text: the domain layer checks"]);
    assert_eq!(told("", exempt, two), (0b11, list(&[]), expected, list(&[])));
    let module = format!("roles = \"a\", __module({exempt})");
    let expected = list(&["order: the domain layer checks"]);
    assert_eq!(told("", &module, JSON), (1, list(&[]), expected.clone(), list(&[])));
    // A handler's own decision about a body is kept.
    let both = format!("validate(order), __module({exempt})");
    assert_eq!(told("", &both, JSON), (1, list(&[]), list(&[]), list(&[])));
    // A handler below the module need not have a body, one that exempts it has.
    let none = "#[get(\"/\")] async fn f() -> String { todo!() }";
    assert!(mistakes("", &module, none).is_empty());
    let [message] = mistakes("", exempt, none).try_into().unwrap();
    assert!(message.starts_with("`unvalidated(any, …)` exempts no body"), "{message}");
    // A parameter's name is its name.
    let named = "#[post(\"/\")] async fn f(any: String, b: String) -> String { todo!() }";
    assert_eq!(mistakes("", exempt, named).len(), 1);
}

#[test]
fn the_table_takes_paths_of_extractors_that_are_not_of_actix_web() {
    let faults = |list: &str| {
        let file = format!("[bodies]\nvalidated_by = {list}");
        let faults = Vocabulary::read(&file).unwrap_err();
        faults.into_iter().map(|fault| fault.message).collect::<Vec<_>>()
    };
    assert_eq!(
        faults("[\"Json\", \"web::Form\", \"a b\", \"Aweb<T>\", \"Mine\", \"Mine\"]"),
        [
            "`Json` is an extractor of actix-web, which does not validate",
            "`web::Form` is an extractor of actix-web, which does not validate",
            "`validated_by` expects the path of an extractor, found `\"a b\"`",
            "`validated_by` expects the path of an extractor, found `\"Aweb<T>\"`",
            "`validated_by` names `Mine` twice, expected it once",
        ]
    );
    let unknown = Vocabulary::read("[bodies]\nvalidate_by = []").unwrap_err();
    assert_eq!(unknown[0].help.as_deref(), Some("did you mean `validated_by`?"));
}
