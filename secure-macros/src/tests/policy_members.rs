//! `secure-runtime` reads every name that an expansion writes into the text of a policy.

use proc_macro2::{TokenStream, TokenTree};

use super::endpoint_with;
use crate::policy_members::EVERY;
use crate::vocabulary::Vocabulary;

const VOCABULARY: &str = "[rates]\nlogin = { rate = \"5/min\", shared = true }\n\
    [bodies]\nvalidated_by = [\"checked::Order\"]\n[lints]\nunvalidated-body = \"allow\"\nclient-chosen-key = \"allow\"\n";

const LIST: &str = "#[get(\"/orders\")] async fn list() -> String { String::new() }";
const ORDER: &str = "async fn place(order: web::Json<NewOrder>, page: web::Query<Page>) -> String \
    { String::new() }";
const OPEN: &str = "async fn place(order: web::Json<NewOrder>, id: checked::Order<u8>) -> String \
    { String::new() }";
const DOCUMENT: &str = "#[get(\"/documents/{id}\")] async fn show(document: Loaded<Document>) \
    -> String { String::new() }";
const CHAT: &str =
    "#[get(\"/chat\")] async fn chat(stream: web::Payload) -> String { String::new() }";

/// Attributes that write every name at least once, each with its handler.
const SAMPLES: &[(&str, &str)] = &[
    ("public(reason = \"open\"), callable", LIST),
    ("auth = optional, action = \"orders:list\"", LIST),
    ("auth = lenient(session), allow = authenticator(\"session\") || request.is_open()", LIST),
    ("auth = all(jwt, mtls), fresh = \"5m\", acr = \"mfa\", amr = \"otp\"", LIST),
    ("roles = any(\"a\", \"b\"), scopes = \"c\", permissions = \"d\"", LIST),
    (
        "allow = !(address in \"10.0.0.0/8\") && time in \"Mon 09:00-10:00 UTC\" \
            && order.is_open() && page.is_open() && caller.is_open(), check = is_open, \
            validate(order)",
        ORDER,
    ),
    ("check = may_read, hide", DOCUMENT),
    ("check = is_open, unvalidated(order, reason = \"opaque\"), max_body = \"1KiB\"", ORDER),
    ("body_timeout = \"1s\", content_type = \"a/b\", content_encoding = \"gzip\"", OPEN),
    ("websocket", CHAT),
    ("__module(\"shop\"; roles = \"a\"), scopes = \"b\"", LIST),
    ("rate(\"10/s\", burst = 20, by = (tenant, address, header(\"x-a\")), mode = observe)", LIST),
    ("rate(\"10/s\", by = key(caller.shard()), refund = 5xx, unless = role(\"a\"))", LIST),
    ("rate(\"10/s\", by = (principal, api_key, claim(\"a.b\")), shared = \"one\")", LIST),
    ("rate(\"10/s\", by = endpoint, cost = response)", LIST),
    ("rate(\"10/s\", cost = page.size), validate(order)", ORDER),
    ("rate(anonymous = \"1/s\", authenticated = \"2/s\"), auth = optional", LIST),
    ("rate(tier(free = \"1/s\", pro = \"2/s\")), quota(\"9/day\", by = tenant)", LIST),
    ("rate = login, failures(\"10/min\", on = [401], mode = \"20%\"), failures = login", LIST),
    ("priority = bulk, concurrency(8, queue = 2, wait = \"1s\")", LIST),
];

#[test]
fn every_member_is_written_and_read() {
    let texts: Vec<String> =
        SAMPLES.iter().map(|(arguments, item)| text(arguments, item)).collect();
    for text in &texts {
        let read = secure_runtime::testing::written_policy(text);
        assert!(read.is_some(), "secure-runtime does not read {text}");
    }
    for (_, member) in EVERY {
        let quoted = format!("\"{member}\"");
        assert!(texts.iter().any(|text| text.contains(&quoted)), "no sample writes {quoted}");
    }
}

/// The text of the policy in the expansion of an attribute.
fn text(arguments: &str, item: &str) -> String {
    let vocabulary = Vocabulary::read(VOCABULARY).unwrap();
    let endpoint = endpoint_with(&vocabulary, arguments, item);
    let endpoint = endpoint.unwrap_or_else(|report| panic!("{arguments}: {:?}", report.messages()));
    let found = raw_string(crate::expand::endpoint(&endpoint));
    found.unwrap_or_else(|| panic!("{arguments}: the expansion has no text of a policy"))
}

fn raw_string(tokens: TokenStream) -> Option<String> {
    tokens.into_iter().find_map(|token| match token {
        TokenTree::Literal(literal) if literal.to_string().starts_with("r#") => {
            Some(syn::parse2::<syn::LitStr>(TokenTree::from(literal).into()).ok()?.value())
        }
        TokenTree::Group(group) => raw_string(group.stream()),
        _ => None,
    })
}
