//! Rules about the URL: the handler's parameters against the segments of its routes, and secrets.

use quote::ToTokens;
use syn::{Member, Pat, PathSegment, Type};

use super::context::{Context, Values};
use super::parameters::{Parameter, first_type, last_segment};
use crate::diagnostics::Diagnostics;
use crate::lints::{BODY_ON_READ, Finding, Level, PATH_ARITY, PATH_BEYOND_TEMPLATE, SECRET_IN_URL};
use crate::model::legal::Route;

/// A `web::Path` takes every segment of its route. With one value for several segments every
/// request is rejected, and a tuple that is too short takes the first segments, whatever they are.
///
/// A type that may be a struct is not checked.
pub(super) fn paths_take_every_segment(context: &Context<'_>, diagnostics: &mut Diagnostics) {
    let templates = context.templates();
    for (parameter, values) in context.paths() {
        let Values::Exactly(taken) = values else { continue };
        let wrong = templates.iter().find(|(_, names)| taken < names.len());
        let Some((route, names)) = wrong else { continue };
        let types = vec!["_"; names.len()].join(", ");
        let finding = Finding {
            lint: &PATH_ARITY,
            place: parameter.ty,
            message: differs(route, names.len(), taken),
            help: format!("`web::Path<({types})>`, or a struct"),
            note: "values are assigned by position",
        };
        context.levels.report(finding, diagnostics);
    }
}

/// A `web::Path` takes no more values than its route has segments, or every request is rejected.
///
/// A scope around the endpoint may have segments, which the attribute cannot see.
pub(super) fn paths_take_no_more(context: &Context<'_>, diagnostics: &mut Diagnostics) {
    let templates = context.templates();
    for (parameter, values) in
        context.paths().filter(|(parameter, _)| parameter.resource().is_none())
    {
        // A type that may be a struct takes at least one value.
        let taken = if let Values::Exactly(taken) = values { taken } else { 1 };
        let wrong = templates.iter().find(|(_, names)| taken > names.len());
        let Some((route, names)) = wrong else { continue };
        let finding = Finding {
            lint: &PATH_BEYOND_TEMPLATE,
            place: parameter.ty,
            message: differs(route, names.len(), taken),
            help: String::from(
                "add the segment to the route, unless a scope around it has the segment",
            ),
            note: "without the segment every request is refused",
        };
        context.levels.report(finding, diagnostics);
    }
}

/// The resources of a route without a segment, each with a message. Only the compiler knows whether
/// the key of a resource is elsewhere.
pub(super) fn resources_without_a_segment(context: &Context<'_>) -> Vec<(Type, String)> {
    if context.levels.of(&PATH_BEYOND_TEMPLATE) != Level::Deny {
        return Vec::new();
    }
    let templates = context.templates();
    let Some((route, _)) = templates.iter().find(|(_, names)| names.is_empty()) else {
        return Vec::new();
    };
    let path: String = route.path.value().chars().take(30).collect();
    let resources = context.parameters.iter().filter_map(|parameter| parameter.resource());
    let message = |resource: &Type| {
        (
            resource.clone(),
            format!(
                "`{path}` has no segment that names the resource\n= help: add it to the route, or add \
             `const IN_PATH: bool = false` to its `impl Resource` if `key` finds it elsewhere"
            ),
        )
    };
    resources.map(message).collect()
}

fn differs(route: &Route, segments: usize, values: usize) -> String {
    let path: String = route.path.value().chars().take(30).collect();
    let plural = |count: usize| if count == 1 { "" } else { "s" };
    format!(
        "`{path}` has {segments} segment{}, found a `web::Path` of {values} value{}",
        plural(segments),
        plural(values)
    )
}

/// GET and HEAD requests have no body: its content has no meaning, and a proxy may drop it (RFC
/// 9110 section 9.3.1).
pub(super) fn reads_have_no_body(context: &Context<'_>, diagnostics: &mut Diagnostics) {
    let mut methods = context.routes.iter().flat_map(|route| &route.methods);
    let Some(first) = methods.clone().next() else { return };
    if !methods.all(|method| matches!(method.as_str(), "GET" | "HEAD")) {
        return;
    }
    for parameter in context.parameters {
        let Some(body) = &parameter.body else { continue };
        // The data after an upgrade, a WebSocket's frames, is not a body (RFC 9110 section 7.8).
        if body.extractor() == "Payload" {
            continue;
        }
        let finding = Finding {
            lint: &BODY_ON_READ,
            place: parameter.ty,
            message: format!("a `{first}` request has no body, found `{}`", body.extractor()),
            help: String::from("`web::Query<…>`, or another method"),
            note: "a proxy may drop the body, or take it for the next request",
        };
        context.levels.report(finding, diagnostics);
    }
}

/// URLs are kept in logs, in the browser's history and in `Referer` fields, so they must not
/// contain a secret (RFC 6750 section 5.3, RFC 9700 section 4.3.2).
pub(super) fn no_secret_in_the_url(context: &Context<'_>, diagnostics: &mut Diagnostics) {
    let mut found: Vec<(&dyn ToTokens, String)> = Vec::new();
    let templates = context.templates();
    for (route, names) in &templates {
        found.extend(names.iter().filter(|name| is_secret(name)).map(|name| {
            let place: &dyn ToTokens = &route.path;
            (place, name.clone())
        }));
    }
    for parameter in context.parameters {
        let Some(held) = of_the_url(parameter.ty) else { continue };
        let secret = names(parameter, held).into_iter().find(|name| is_secret(name));
        found.extend(secret.map(|name| (parameter.pattern as &dyn ToTokens, name)));
    }
    let mut told: Vec<String> = Vec::new();
    for (place, name) in found {
        // One secret is reported once.
        if told.contains(&name) {
            continue;
        }
        let finding = Finding {
            lint: &SECRET_IN_URL,
            place,
            message: format!("`{name}` is a secret in the URL, expected it in a header or a body"),
            help: String::from("read it from `Authorization` or from a body"),
            note: "URLs are kept in logs, histories and `Referer` fields",
        };
        context.levels.report(finding, diagnostics);
        told.push(name);
    }
}

/// The `Path<…>` or `Query<…>` of a parameter, also in `Option` and `Result`.
fn of_the_url(ty: &Type) -> Option<&PathSegment> {
    let last = last_segment(ty)?;
    match last.ident.to_string().as_str() {
        "Path" | "Query" => Some(last),
        "Option" | "Result" => first_type(last).and_then(of_the_url),
        _ => None,
    }
}

/// The names that a parameter's pattern binds, the fields that it destructures, and its type.
fn names(parameter: &Parameter<'_>, held: &PathSegment) -> Vec<String> {
    let mut names = parameter.names.clone();
    fields(parameter.pattern, &mut names);
    let held = first_type(held).and_then(last_segment);
    names.extend(held.map(|held| held.ident.to_string()));
    names
}

fn fields(pattern: &Pat, names: &mut Vec<String>) {
    match pattern {
        Pat::Struct(pattern) => {
            for field in &pattern.fields {
                if let Member::Named(name) = &field.member {
                    names.push(name.to_string());
                }
                fields(&field.pat, names);
            }
        }
        Pat::TupleStruct(pattern) => pattern.elems.iter().for_each(|inner| fields(inner, names)),
        Pat::Tuple(pattern) => pattern.elems.iter().for_each(|inner| fields(inner, names)),
        Pat::Paren(pattern) => fields(&pattern.pat, names),
        _ => {}
    }
}

/// Names of secrets, without separators. `page_token` is not one, so the whole name counts.
const SECRETS: [&str; 23] = [
    "token",
    "accesstoken",
    "refreshtoken",
    "idtoken",
    "authtoken",
    "bearertoken",
    "sessiontoken",
    "resettoken",
    "apitoken",
    "apikey",
    "privatekey",
    "secretkey",
    "accesskey",
    "jwt",
    "bearer",
    "secret",
    "password",
    "passwd",
    "passphrase",
    "credential",
    "credentials",
    "sessionid",
    "otp",
];

fn is_secret(name: &str) -> bool {
    let letters = name.chars().filter(|letter| letter.is_alphanumeric());
    let plain: String = letters.flat_map(char::to_lowercase).collect();
    let ends = ["password", "secret", "passphrase", "apikey"];
    SECRETS.contains(&plain.as_str()) || ends.iter().any(|end| plain.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::is_secret;

    #[test]
    fn secrets_are_known_by_their_whole_name() {
        for name in ["token", "access_token", "apiKey", "ApiKey", "old_password", "client-secret"] {
            assert!(is_secret(name), "{name}");
        }
        for name in ["page_token", "tokens", "token_id", "password_policy", "key", "id", "", "pin"]
        {
            assert!(!is_secret(name), "{name}");
        }
    }
}
