//! Rules about the request's body and its validation.

use super::context::Context;
use super::parameters::{Body, Parameter};
use crate::diagnostics::{Diagnostics, nearest};
use crate::lints::{Finding, UNVALIDATED_BODY};
use crate::model::legal::{PossibleBody, Validated};
use crate::model::raw::{Combine, Declaration, Exemption, Name};
use crate::vocabulary::Bodies;

/// `unvalidated(any, …)` exempts every body that no other key names.
pub(super) const ANY: &str = "any";

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

/// `unvalidated` names parameters that are not in `validate`, each once. It may name any parameter:
/// the macro cannot always see whether a parameter holds a body, and treats a named one as a body.
pub(super) fn exempts_parameters(
    declaration: &Declaration,
    parameters: &[Parameter<'_>],
    diagnostics: &mut Diagnostics,
) {
    let validated = declaration.validate.as_deref().unwrap_or_default();
    for (index, exemption) in declaration.unvalidated.iter().enumerate() {
        let name = &exemption.parameter;
        let text = &name.text;
        if exempts_any(exemption, parameters) {
            let exempts_something = parameters.iter().any(|it| is_open(declaration, it));
            if !exemption.is_shared && !exempts_something {
                diagnostics
                    .error(name, "`unvalidated(any, …)` exempts no body of this handler")
                    .help("remove it")
                    .note("name the parameter if its body is behind a type alias or read by your own extractor");
            }
            continue;
        }
        let mut earlier = declaration.unvalidated.iter().take(index);
        if earlier.any(|earlier| same(name, &earlier.parameter, parameters)) {
            diagnostics
                .error(name, format!("`unvalidated` names `{text}` twice, expected it once"));
        } else if validated.iter().any(|validated| same(name, validated, parameters)) {
            diagnostics
                .error(
                    name,
                    format!("`{text}` is in `validate` and in `unvalidated`, expected one of them"),
                )
                .help("remove one of the two");
        } else {
            is_parameter("unvalidated", name, parameters, diagnostics);
        }
    }
}

/// Raw bytes have no validation rules, and neither has a plain container.
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
            Some(Body::Structured(_) | Body::Validated(_)) | None => {}
        }
    }
}

/// Every parameter that holds a body is validated, or has a reason why not. If the level of the
/// lint allows other bodies, the inventory lists them.
pub(super) fn every_body_is_decided(
    context: &Context<'_>,
    known: &Bodies,
    diagnostics: &mut Diagnostics,
) {
    let Context { declaration, parameters, levels, .. } = *context;
    let validated = declaration.validate.iter().flatten();
    let named = declaration.unvalidated.iter().filter(|it| !exempts_any(it, parameters));
    let mut decided = validated.chain(named.map(|exemption| &exemption.parameter));
    // An unknown name may have been meant for one of these parameters, and is a mistake already.
    let is_unclear = decided.any(|name| parameter(name, parameters).is_none());
    if declaration.bodies_unclear || is_unclear || exempting_any(declaration, parameters).is_some()
    {
        return;
    }
    for parameter in parameters.iter().filter(|it| is_open(declaration, it)) {
        let Some(body) = &parameter.body else { continue };
        let extractor = body.extractor();
        let Some(name) = parameter.names_of_body().last() else {
            let finding = Finding {
                lint: &UNVALIDATED_BODY,
                place: parameter.pattern,
                message: format!(
                    "a parameter with a `{extractor}` body expects a name, found a pattern"
                ),
                help: String::from("`body: …`, and `validate(body)`"),
                note: NOTE,
            };
            levels.report(finding, diagnostics);
            continue;
        };
        let exempt = format!("`unvalidated({name}, reason = \"…\")`");
        let (message, help) = match body {
            Body::Structured(_) => (
                format!("`{name}: {extractor}` holds a request body that is not validated"),
                if parameter.is_whole_tuple() {
                    format!("take the tuple apart, and `validate(…)` the body, or {exempt}")
                } else if extractor == "MultipartForm" {
                    format!("{exempt}, or `validate({name})` with the feature `multipart`")
                } else {
                    format!("`validate({name})`, or {exempt}")
                },
            ),
            Body::Raw(_) | Body::Validated(_) => (
                format!(
                    "`{name}: {extractor}` holds a raw body, which cannot be validated, expected a reason"
                ),
                exempt,
            ),
            Body::WithoutRules { remedy, .. } => (
                format!(
                    "`{name}: {extractor}` holds a body without validation rules, expected a reason"
                ),
                format!("{exempt}, or {remedy}"),
            ),
        };
        let help = match known.longer(extractor) {
            Some(path) => format!("{help}, or write `{path}<…>`, if that type is meant"),
            None => help,
        };
        let finding =
            Finding { lint: &UNVALIDATED_BODY, place: parameter.ty, message, help, note: NOTE };
        levels.report(finding, diagnostics);
    }
}

const NOTE: &str = "the handler would receive unchecked input";

/// Whether a parameter holds a body that no key names.
fn is_open(declaration: &Declaration, parameter: &Parameter<'_>) -> bool {
    let names = parameter.names_of_body();
    let validated = declaration.validate.iter().flatten();
    let exempt = declaration.unvalidated.iter().map(|exemption| &exemption.parameter);
    let is_decided = validated.chain(exempt).any(|decided| names.contains(&decided.text));
    let is_socket = |body: &Body| declaration.websocket.is_some() && body.extractor() == "Payload";
    let body = parameter.body.as_ref().filter(|body| !body.is_validated() && !is_socket(body));
    body.is_some() && !is_decided
}

/// Whether an exemption is for every body: it is `any`, and no parameter has that name.
fn exempts_any(exemption: &Exemption, parameters: &[Parameter<'_>]) -> bool {
    exemption.parameter.text == ANY && !parameters.iter().any(|parameter| parameter.binds(ANY))
}

/// The exemption for every body, if there is one; the innermost of several.
fn exempting_any<'a>(
    declaration: &'a Declaration,
    parameters: &[Parameter<'_>],
) -> Option<&'a Exemption> {
    declaration.unvalidated.iter().rev().find(|it| exempts_any(it, parameters))
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
            .note("only `gzip` is decoded; an uncompressed body is always accepted");
    }
}

/// The codings that a body may have.
pub(super) fn codings(declaration: &Declaration) -> Vec<String> {
    let names = declaration.content_encoding.iter().flat_map(|names| &names.names);
    names.map(|name| name.text.clone()).collect()
}

/// The parameters that may hold a body; the compiler decides by their types.
pub(super) fn possible_bodies(
    declaration: &Declaration,
    parameters: &[Parameter<'_>],
) -> Vec<PossibleBody> {
    let is_used = |it: &Parameter<'_>| {
        let may_be_another = it.may_hold_body || it.body.as_ref().is_some_and(Body::is_validated);
        may_be_another && !is_validated(declaration, it) && !is_exempt(declaration, it)
    };
    let possible_bodies = parameters.iter().enumerate().filter(|(_, it)| is_used(it));
    possible_bodies
        .map(|(index, parameter)| PossibleBody {
            index,
            name: parameter.names.last().cloned().unwrap_or_else(|| String::from("_")),
            seems: parameter.body.as_ref().map(|body| body.extractor().to_owned()),
        })
        .collect()
}

/// The parameters that are extracted from the body, as a bit set: those that the attribute names,
/// except extractors that are known to read the head alone, and those whose types are known to be
/// bodies.
pub(super) fn bodies(declaration: &Declaration, parameters: &[Parameter<'_>]) -> u16 {
    places(parameters, |it| {
        let is_decided = is_validated(declaration, it) || is_exempt(declaration, it);
        !it.is_of_the_head() && (is_decided || it.body.is_some())
    })
}

/// The positions of these parameters as a bit set. A handler has at most 16.
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

/// The parameters to validate, with their positions.
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
pub(super) fn exemptions(
    declaration: &Declaration,
    parameters: &[Parameter<'_>],
) -> Vec<(String, String)> {
    let named = declaration.unvalidated.iter().filter(|it| !exempts_any(it, parameters));
    let named = named.map(|it| (it.parameter.text.clone(), it.grounds.reason.text.clone()));
    let any = exempting_any(declaration, parameters).into_iter().flat_map(|exemption| {
        let open = open_names(declaration, parameters);
        open.map(|name| (name, exemption.grounds.reason.text.clone()))
    });
    named.chain(any).collect()
}

/// The parameters with a body that no key names; if the level of the lint denies them, there are
/// none.
pub(super) fn undecided(declaration: &Declaration, parameters: &[Parameter<'_>]) -> Vec<String> {
    match exempting_any(declaration, parameters) {
        Some(_) => Vec::new(),
        None => open_names(declaration, parameters).collect(),
    }
}

/// The parameters that their extractors validate, each with its extractor.
pub(super) fn validated_by(
    declaration: &Declaration,
    parameters: &[Parameter<'_>],
) -> Vec<(String, String)> {
    let is_left =
        |it: &&Parameter<'_>| !is_validated(declaration, it) && !is_exempt(declaration, it);
    let left = parameters.iter().filter(is_left);
    left.filter_map(|parameter| {
        let body = parameter.body.as_ref().filter(|body| body.is_validated())?;
        Some((name_of_body(parameter), body.extractor().to_owned()))
    })
    .collect()
}

fn open_names(
    declaration: &Declaration,
    parameters: &[Parameter<'_>],
) -> impl Iterator<Item = String> {
    let open = parameters.iter().filter(|it| is_open(declaration, it));
    open.map(name_of_body)
}

fn name_of_body(parameter: &Parameter<'_>) -> String {
    parameter.names_of_body().last().cloned().unwrap_or_else(|| String::from("_"))
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
