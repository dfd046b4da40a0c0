//! Rules about `by`: the key that requests are counted by.

use super::clauses::number_of;
use super::expression_variables::mentioned;
use super::modes;
use super::parameters::Parameter;
use super::source::source;
use crate::diagnostics::{Diagnostics, choices, nearest};
use crate::model::condition::Expression;
use crate::model::legal::{AppExpression, Mode, Partition};
use crate::model::raw::{By, Declaration, Names, Part, PartKind, RateKey};

/// Other words for the words of `by`, for suggestions.
const SYNONYMS: [(&str, &str); 6] = [
    ("ip", "address"),
    ("client_ip", "address"),
    ("caller", "principal"),
    ("user", "principal"),
    ("subject", "principal"),
    ("key", "api_key"),
];

/// The words of `by`. Without `by` the key is the principal, or the client IP of an anonymous
/// request.
const WORDS: [(&str, Partition); 5] = [
    ("address", Partition::Address),
    ("principal", Partition::Principal),
    ("tenant", Partition::Tenant),
    ("api_key", Partition::ApiKey),
    ("endpoint", Partition::Endpoint),
];

fn parts(by: Option<&By>) -> impl Iterator<Item = &Part> {
    by.into_iter().flat_map(|by| &by.parts)
}

/// Every `by` of the attribute.
pub(super) fn all(declaration: &Declaration) -> impl Iterator<Item = &By> {
    let concurrency = declaration.concurrency.iter().filter_map(|it| it.by.as_ref());
    declaration.rates.iter().filter_map(|rate| rate.by.as_ref()).chain(concurrency)
}

/// A word of `by` must exist; any other expression is written in `key(…)`.
pub(super) fn words_are_known(by: Option<&By>, diagnostics: &mut Diagnostics) {
    let names = WORDS.map(|(name, _)| name);
    for part in parts(by) {
        let PartKind::Word(word) = &part.kind else { continue };
        if names.contains(&word.text.as_str()) {
            continue;
        }
        let message = format!("`by` expects {}, found `{}`", choices(&names), word.text);
        let diagnostic = diagnostics.error(word, message);
        if let Some((_, name)) = SYNONYMS.iter().find(|(synonym, _)| word.text == *synonym) {
            diagnostic.help(format!("did you mean `{name}`?"));
            continue;
        }
        match nearest(&word.text, names.into_iter().chain(["header", "claim"])) {
            Some(call @ ("header" | "claim")) => diagnostic.help(format!("`by = {call}(\"…\")`")),
            Some(name) => diagnostic.help(format!("did you mean `{name}`?")),
            None => {
                diagnostic.help("`header(\"…\")`, `claim(\"…\")`, or `key(…)` of an expression")
            }
        };
    }
}

/// A header must have a valid name, and must not be one that carries the client IP: any client can
/// send it.
pub(super) fn headers_are_names(by: Option<&By>, diagnostics: &mut Diagnostics) {
    const ADDRESSES: [&str; 4] = ["forwarded", "x-forwarded-for", "x-real-ip", "true-client-ip"];
    for part in parts(by) {
        let PartKind::Header(name) = &part.kind else { continue };
        // RFC 9110 section 5.6.2.
        let is_token =
            |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        if name.text.is_empty() || !name.text.bytes().all(is_token) {
            let message = format!("`header` expects the name of a header, found {:?}", name.text);
            diagnostics.error(name, message).help("`header(\"x-client\")`");
        } else if ADDRESSES.contains(&name.text.to_lowercase().as_str()) {
            let message =
                format!("`{}` can be sent by any client, expected `by = address`", name.text);
            diagnostics.error(name, message).help(
                "`trusted_proxies` of the builder lists the proxies that report the client IP",
            );
        }
    }
}

/// No name in the path of a claim is empty.
pub(super) fn claims_have_names(by: Option<&By>, diagnostics: &mut Diagnostics) {
    for part in parts(by) {
        let PartKind::Claim(names) = &part.kind else { continue };
        let written: Vec<&str> = names.iter().map(|name| name.text.as_str()).collect();
        let dotted = written.join(".");
        if written.is_empty() || written.contains(&"") {
            let message = format!("`claim` expects the name of a claim, found {dotted:?}");
            diagnostics.error(&part.tokens, message).help("`claim(\"org.id\")`");
        } else if written.len() > 1 && dotted.contains("://") {
            diagnostics
                .error(&part.tokens, "`claim` is split at dots, found a URL")
                .help(format!("`claim([{dotted:?}])`"));
        }
    }
}

/// Every part of a combination must split the count.
pub(super) fn combinations_split_counts(by: Option<&By>, diagnostics: &mut Diagnostics) {
    let Some(by) = by.filter(|by| by.parts.len() > 1) else { return };
    for (index, part) in by.parts.iter().enumerate() {
        let text = shown_part(part);
        if text == "endpoint" {
            diagnostics
                .error(
                    &part.tokens,
                    "`endpoint` counts all callers together, and cannot be part of a combination",
                )
                .help("remove it: every endpoint has its own count");
        } else if by.parts.iter().take(index).any(|earlier| shown_part(earlier) == text) {
            let message = format!("`by` names `{text}` twice, expected it once");
            diagnostics.error(&part.tokens, message);
        }
    }
}

/// Two `rate` keys with the same `by` would be ambiguous.
pub(super) fn differ(rates: &[RateKey], diagnostics: &mut Diagnostics) {
    for (index, rate) in rates.iter().enumerate() {
        if rates.iter().take(index).any(|earlier| identity(earlier) == identity(rate)) {
            let key = &rate.key;
            diagnostics
                .error(key, format!("`{key}` is given twice with the same `by`, expected it once"))
                .help(format!("`{key}([…, …])`, or another `by`"));
        }
    }
}

/// A limit by a property of the caller must not apply to anonymous requests, which do not have it.
pub(super) fn principals_exist(
    rate: &RateKey,
    declaration: &Declaration,
    diagnostics: &mut Diagnostics,
) {
    let open = declaration.auth.as_ref().and_then(Names::admits_anonymous);
    let found = match (&rate.anonymous, &rate.everyone) {
        (Some(_), _) => "anonymous",
        (None, Some(_)) => match open {
            Some(open) => open,
            None => return,
        },
        _ => return,
    };
    let Some(part) = part_with_a_caller(rate.by.as_ref()) else { return };
    // If the caller is an `Option`, the expression defines the key of anonymous requests.
    if open.is_some() && rate.anonymous.is_none() && matches!(part.kind, PartKind::Key(_)) {
        return;
    }
    let text = shown_part(part);
    diagnostics
        .error(
            &part.tokens,
            format!("`by = {text}` expects authenticated callers, found `{found}`"),
        )
        .help("write a separate `rate(anonymous = …)`, or omit `by` to count by principal or client IP")
        .note("anonymous requests would not be limited");
}

/// The key must be known before the arguments are extracted, and must differ between requests.
pub(super) fn keys_use_the_request(
    by: Option<&By>,
    parameters: &[Parameter<'_>],
    diagnostics: &mut Diagnostics,
) {
    let is_word = |name: &str| name == "caller" || name == "request";
    for part in parts(by) {
        let PartKind::Key(Expression { tokens, .. }) = &part.kind else { continue };
        let names = parameters.iter().flat_map(|parameter| &parameter.names);
        let argument = names.filter(|name| !is_word(name)).find_map(|it| mentioned(tokens, it));
        if let Some(argument) = argument {
            diagnostics
                .error(
                    &argument,
                    format!(
                        "`key` is evaluated before the body is read, and cannot use `{argument}`"
                    ),
                )
                .help("it can use `caller` and `request`");
        } else if mentioned(tokens, "caller").or_else(|| mentioned(tokens, "request")).is_none() {
            diagnostics
                .error(
                    tokens,
                    "`key` expects an expression about `caller` or `request`, found neither",
                )
                .help("`by = endpoint` counts all callers together");
        }
    }
}

/// A part of `by` that only authenticated requests have.
pub(super) fn part_with_a_caller(by: Option<&By>) -> Option<&Part> {
    parts(by).find(|part| match &part.kind {
        PartKind::Word(word) => ["principal", "tenant", "api_key"].contains(&word.text.as_str()),
        PartKind::Claim(_) => true,
        PartKind::Header(_) => false,
        PartKind::Key(key) => mentioned(&key.tokens, "caller").is_some(),
    })
}

/// A part of `by` that a client can choose for each request, which evades the limit whatever the
/// other parts are.
pub(super) fn chosen_by_the_client(rate: &RateKey) -> Option<&Part> {
    parts(rate.by.as_ref()).find(|part| match &part.kind {
        PartKind::Header(_) => true,
        PartKind::Key(key) => mentioned(&key.tokens, "request").is_some(),
        PartKind::Word(_) | PartKind::Claim(_) => false,
    })
}

/// Whether there is one count for all callers.
pub(super) fn counts_all_together(rate: &RateKey) -> bool {
    parts(rate.by.as_ref())
        .any(|part| matches!(&part.kind, PartKind::Word(word) if word.text == "endpoint"))
}

/// The expressions of `key(…)`.
pub(super) fn keys(by: Option<&By>) -> Vec<&Expression> {
    let key = |part: &'_ Part| matches!(part.kind, PartKind::Key(_));
    let keys = parts(by).filter(|part| key(part));
    keys.filter_map(|part| match &part.kind {
        PartKind::Key(key) => Some(key),
        _ => None,
    })
    .collect()
}

/// The source of a part.
pub(super) fn shown_part(part: &Part) -> String {
    source(&part.tokens)
}

/// The identity of a limit: equal for two keys that count the same requests together. A limit in
/// shadow mode is a trial beside another one. A limit with `unless` or `refund` is weaker than one
/// without.
fn identity(rate: &RateKey) -> Vec<String> {
    let mut texts: Vec<String> = parts(rate.by.as_ref()).map(shown_part).collect();
    texts.sort();
    texts.push(rate.key.to_string());
    texts.extend(modes::mode(rate).filter(|mode| *mode != Mode::Enforce).map(|_| "mode".into()));
    texts.extend(rate.refund.iter().map(|_| "refund".into()));
    texts.extend(rate.unless.iter().map(|it| format!("unless {}", it.tokens)));
    texts.extend(rate.shared.iter().map(|name| format!("shared {}", name.text)));
    texts
}

/// The checked `by`; every name in it exists.
pub(super) fn partition(by: Option<&By>, asked: &[AppExpression]) -> Partition {
    let one = |part: &Part| match &part.kind {
        PartKind::Word(word) => {
            let known = WORDS.into_iter().find(|(name, _)| *name == word.text);
            known.map_or(Partition::Caller, |(_, partition)| partition)
        }
        PartKind::Header(name) => Partition::Header(name.text.to_lowercase()),
        PartKind::Claim(names) => {
            Partition::Claim(names.iter().map(|name| name.text.clone()).collect())
        }
        PartKind::Key(key) => Partition::Key(number_of(key, asked).unwrap_or(usize::MAX)),
    };
    match by.map(|by| by.parts.as_slice()) {
        None | Some([]) => Partition::Caller,
        Some([only]) => one(only),
        Some(parts) => Partition::Each(parts.iter().map(one).collect()),
    }
}
