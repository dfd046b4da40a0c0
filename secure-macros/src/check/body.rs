//! Rules about the request's body and its validation.

use super::parameters::{Body, Parameter};
use crate::diagnostics::{Diagnostics, nearest};
use crate::model::legal::{Riddle, Validated};
use crate::model::raw::{Combine, Declaration, Name};

/// `validate` names parameters of the handler, each once.
pub(super) fn validates_parameters(
    declaration: &Declaration,
    parameters: &[Parameter<'_>],
    diagnostics: &mut Diagnostics,
) {
    let names = declaration.validate.as_deref().unwrap_or_default();
    for (index, name) in names.iter().enumerate() {
        if names.iter().take(index).any(|earlier| same(name, earlier, parameters)) {
            let message = format!("`validate` names `{}` twice, expected it once", name.text);
            diagnostics.error(name, message);
        } else {
            is_parameter("validate", name, parameters, diagnostics);
        }
    }
}

/// `unvalidated` names parameters that are not validated, each once. Any parameter: whether it holds a
/// body is not always to be seen, and one that is named here is given it.
pub(super) fn exempts_parameters(
    declaration: &Declaration,
    parameters: &[Parameter<'_>],
    diagnostics: &mut Diagnostics,
) {
    let validated = declaration.validate.as_deref().unwrap_or_default();
    for (index, exemption) in declaration.unvalidated.iter().enumerate() {
        let name = &exemption.parameter;
        let text = &name.text;
        let mut earlier = declaration.unvalidated.iter().take(index);
        if earlier.any(|earlier| same(name, &earlier.parameter, parameters)) {
            diagnostics
                .error(name, format!("`unvalidated` names `{text}` twice, expected it once"));
        } else if validated.iter().any(|validated| same(name, validated, parameters)) {
            diagnostics
                .error(name, format!("`{text}` is validated and unvalidated, expected one of them"))
                .help("leave out one of the two");
        } else {
            is_parameter("unvalidated", name, parameters, diagnostics);
        }
    }
}

/// Bytes have no rules of their own, nor has what only holds others.
pub(super) fn validated_bodies_have_rules(
    declaration: &Declaration,
    parameters: &[Parameter<'_>],
    diagnostics: &mut Diagnostics,
) {
    for name in declaration.validate.as_deref().unwrap_or_default() {
        let text = &name.text;
        let body = parameter(name, parameters).and_then(|it| it.body_of(text));
        match body {
            Some(Body::Raw(extractor)) => {
                let message =
                    format!("`validate` expects a body with a type, found `{text}: {extractor}`");
                diagnostics.error(name, message).help(format!(
                    "`unvalidated({text}, reason = \"…\")`, and check it in the handler"
                ));
            }
            Some(Body::WithoutRules { extractor, remedy }) => {
                let message =
                    format!("`validate` expects a body with rules, found `{text}: {extractor}`");
                diagnostics
                    .error(name, message)
                    .help(format!("{remedy}, or `unvalidated({text}, reason = \"…\")`"));
            }
            Some(Body::Structured(_)) | None => {}
        }
    }
}

/// Every parameter that holds a body is validated, or says why it is not.
pub(super) fn every_body_is_decided(
    declaration: &Declaration,
    parameters: &[Parameter<'_>],
    diagnostics: &mut Diagnostics,
) {
    if declaration.bodies_unclear {
        return;
    }
    let validated = declaration.validate.iter().flatten();
    let exempt = declaration.unvalidated.iter().map(|exemption| &exemption.parameter);
    let decided: Vec<&Name> = validated.chain(exempt).collect();
    // A name that is no parameter may have been meant for one of them: it is a mistake already.
    if decided.iter().any(|name| !parameters.iter().any(|parameter| parameter.binds(&name.text))) {
        return;
    }
    for parameter in parameters {
        let Some(body) = &parameter.body else { continue };
        let names = parameter.names_of_body();
        if decided.iter().any(|decided| names.contains(&decided.text)) {
            continue;
        }
        let extractor = body.extractor();
        let Some(name) = names.last() else {
            let message = format!("a `{extractor}` body expects a name, to be validated by it");
            diagnostics.error(parameter.pattern, message).help("`body: …`, and `validate(body)`");
            continue;
        };
        let exempt = format!("`unvalidated({name}, reason = \"…\")`");
        let (message, help) = match body {
            Body::Structured(_) => (
                format!("`{name}: {extractor}` holds a request body, expected it to be validated"),
                if parameter.is_whole_tuple() {
                    format!("take the tuple apart, and `validate(…)` the body, or {exempt}")
                } else {
                    format!("`validate({name})`, or {exempt}")
                },
            ),
            Body::Raw(_) => (
                format!(
                    "`{name}: {extractor}` holds a raw body, expected a reason not to validate it"
                ),
                exempt,
            ),
            Body::WithoutRules { remedy, .. } => (
                format!(
                    "`{name}: {extractor}` holds a body without rules, expected a reason not to validate it"
                ),
                format!("{exempt}, or {remedy}"),
            ),
        };
        diagnostics
            .error(parameter.ty, message)
            .help(help)
            .note("what a client sends is checked before the handler sees it");
    }
}

/// `content_type` is `type/subtype`, without parameters.
pub(super) fn content_type_is_a_media_type(
    declaration: &Declaration,
    diagnostics: &mut Diagnostics,
) {
    let Some(name) = &declaration.content_type else { return };
    let text = &name.text;
    let is_token = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte))
    };
    if text.contains(';') {
        diagnostics
            .error(name, "`content_type` expects no parameters, found `;`")
            .help("`type/subtype` alone; parameters such as `charset` are ignored");
    } else if !text.split_once('/').is_some_and(|(kind, sub)| is_token(kind) && is_token(sub)) {
        diagnostics
            .error(name, format!("`content_type` expects `type/subtype`, found `{text:?}`"))
            .help("`content_type = \"application/json\"`");
    }
}

/// `content_encoding` names the coding that the runtime decodes (RFC 9110 section 8.4.1.3).
pub(super) fn content_encodings_are_known(
    declaration: &Declaration,
    diagnostics: &mut Diagnostics,
) {
    let Some(names) = &declaration.content_encoding else { return };
    if names.combine != Combine::One {
        let message = format!("`content_encoding` expects one coding, found `{}`", names.value);
        diagnostics.error(&names.value, message).help("`content_encoding = \"gzip\"`");
        return;
    }
    for name in names.names.iter().filter(|name| name.text != "gzip") {
        let message = format!("`content_encoding` expects `gzip`, found `{:?}`", name.text);
        diagnostics
            .error(name, message)
            .help("`content_encoding = \"gzip\"`")
            .note("it is the only coding that is decoded; a body without one is always accepted");
    }
}

/// The codings that a body may have.
pub(super) fn codings(declaration: &Declaration) -> Vec<String> {
    let names = declaration.content_encoding.iter().flat_map(|names| &names.names);
    names.map(|name| name.text.clone()).collect()
}

/// The parameters of which the compiler is asked whether they hold a body.
pub(super) fn riddles(declaration: &Declaration, parameters: &[Parameter<'_>]) -> Vec<Riddle> {
    let is_exempt = |parameter: &Parameter<'_>| is_exempt(declaration, parameter);
    let is_open =
        |it: &Parameter<'_>| it.is_riddle && !is_validated(declaration, it) && !is_exempt(it);
    let riddles = parameters.iter().enumerate().filter(|(_, it)| is_open(it));
    riddles
        .map(|(index, parameter)| Riddle {
            index,
            name: parameter.names.last().cloned().unwrap_or_else(|| String::from("_")),
        })
        .collect()
}

/// The parameters that are made of the request's body, a bit each: those that the attribute decides, but for
/// extractors that are known to read the head alone.
pub(super) fn bodies(declaration: &Declaration, parameters: &[Parameter<'_>]) -> u16 {
    places(parameters, |it| {
        !it.is_of_the_head() && (is_validated(declaration, it) || is_exempt(declaration, it))
    })
}

/// The places of some of the parameters, a bit each. A handler has 16 at most.
pub(super) fn places(parameters: &[Parameter<'_>], is_one: impl Fn(&Parameter<'_>) -> bool) -> u16 {
    let bits = parameters.iter().zip(0_u32..).filter(|(it, _)| is_one(it));
    bits.fold(0, |places, (_, place)| places | 1_u16.unbounded_shl(place))
}

fn is_validated(declaration: &Declaration, parameter: &Parameter<'_>) -> bool {
    declaration.validate.iter().flatten().any(|name| parameter.binds(&name.text))
}

fn is_exempt(declaration: &Declaration, parameter: &Parameter<'_>) -> bool {
    declaration.unvalidated.iter().any(|it| parameter.binds(&it.parameter.text))
}

/// The parameters to validate, with their places.
pub(super) fn validated(declaration: &Declaration, parameters: &[Parameter<'_>]) -> Vec<Validated> {
    let names = declaration.validate.iter().flatten();
    names
        .filter_map(|name| {
            let mut parameters = parameters.iter().enumerate();
            let (index, parameter) = parameters.find(|(_, it)| it.binds(&name.text))?;
            let element = parameter.element(&name.text);
            let element = element.map(|(place, element)| (place, element.ty.clone()));
            Some(Validated { index, element, name: name.text.clone() })
        })
        .collect()
}

/// The parameters that are exempt, with the reasons.
pub(super) fn exemptions(declaration: &Declaration) -> Vec<(String, String)> {
    let texts = declaration
        .unvalidated
        .iter()
        .map(|exemption| (exemption.parameter.text.clone(), exemption.grounds.reason.text.clone()));
    texts.collect()
}

/// Whether two names are bound by one parameter, or one element of it.
fn same(left: &Name, right: &Name, parameters: &[Parameter<'_>]) -> bool {
    let is_same = |parameter: &Parameter<'_>| {
        let place = |name: &Name| parameter.element(&name.text).map(|(place, _)| place);
        parameter.binds(&right.text) && place(left) == place(right)
    };
    left.text == right.text || parameter(left, parameters).is_some_and(is_same)
}

fn parameter<'a>(name: &Name, parameters: &'a [Parameter<'a>]) -> Option<&'a Parameter<'a>> {
    parameters.iter().find(|parameter| parameter.binds(&name.text))
}

pub(super) fn is_parameter(
    key: &str,
    name: &Name,
    parameters: &[Parameter<'_>],
    diagnostics: &mut Diagnostics,
) -> bool {
    if parameter(name, parameters).is_some() {
        return true;
    }
    let names: Vec<&str> =
        parameters.iter().flat_map(|parameter| &parameter.names).map(String::as_str).collect();
    let message = format!("`{key}` expects a parameter of the handler, found `{}`", name.text);
    let diagnostic = diagnostics.error(name, message);
    match (nearest(&name.text, names.iter().copied()), names.as_slice()) {
        (Some(nearest), _) => diagnostic.help(format!("did you mean `{nearest}`?")),
        (None, []) => diagnostic.help("the handler has no parameters"),
        (None, names) => diagnostic.help(format!("the parameters are {}", names.join(", "))),
    };
    false
}
