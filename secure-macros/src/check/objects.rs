//! Rules about objects that the path names (OWASP API1:2023, broken object level authorization).

use quote::ToTokens;

use super::allow::{checkers_by_type, free_in_rules, looks_at_arguments};
use super::context::{Callers, Context};
use super::parameters::{Parameter, last_segment};
use crate::diagnostics::{Diagnostics, nearest};
use crate::lints::{
    Finding, Level, Lint, OBJECT_FOR_ANY_CALLER, OBJECT_WITHOUT_RULE, OBJECTS_WITHOUT_REASON,
};

/// A caller can put the identifier of any object into the path. A rule must use the object, or the
/// attribute must state that every caller may have every object.
///
/// Whether a checker uses an argument is in its type; the compiler decides that, see
/// [`need_a_checker`].
pub(super) fn have_a_rule(context: &Context<'_>, diagnostics: &mut Diagnostics) {
    let is_ruled = looks_at_arguments(context.declaration, context.parameters)
        || checkers_by_type(context.declaration).next().is_some();
    if context.declaration.objects.is_some() || is_ruled {
        return;
    }
    let templates = context.templates();
    let segment = templates.iter().find_map(|(route, names)| Some((route, names.first()?)));
    let (place, name): (&dyn ToTokens, String) = match (segment, context.paths().next()) {
        (Some((route, name)), _) => (&route.path, format!("{{{name}}}")),
        // Without a visible route, the parameters that are extracted from the path decide.
        (None, Some((parameter, _))) => (parameter.ty, extractor(parameter)),
        (None, None) => return,
    };
    let callers = judged(context);
    let lint = lint(callers);
    let may = match callers {
        Callers::Anybody => "anybody can request any object",
        Callers::AnyAuthenticated => "any caller can request any object",
        Callers::Some => "no rule checks which object is requested",
    };
    if context.levels.of(lint) == Level::Deny && misnames_a_parameter(context, diagnostics) {
        return;
    }
    let exception = match context.levels.of(&OBJECTS_WITHOUT_REASON) {
        Level::Deny => "`objects(any, reason = \"…\")`",
        Level::Allow | Level::Warn => "`objects = any`",
    };
    let finding = Finding {
        lint,
        place,
        message: format!("`{name}` names an object, and {may}"),
        help: format!(
            "add a rule about it (`allow = …`, `Granted<T>`), or {exception} if every caller may \
             have every object"
        ),
        note: "a caller can put the identifier of another caller's object there (OWASP API1:2023)",
    };
    context.levels.report(finding, diagnostics);
}

/// Whether the only checker of the endpoint must take an argument, because no other rule uses the
/// object.
pub(super) fn need_a_checker(context: &Context<'_>) -> bool {
    let has_objects = context.templates().iter().any(|(_, names)| !names.is_empty())
        || context.paths().next().is_some();
    has_objects
        && context.declaration.objects.is_none()
        && checkers_by_type(context.declaration).count() == 1
        && !looks_at_arguments(context.declaration, context.parameters)
        && context.levels.of(lint(judged(context))) == Level::Deny
}

/// Whether a rule uses a misspelt parameter: a variable with a similar name, or with the name of a
/// path segment that no parameter takes.
fn misnames_a_parameter(context: &Context<'_>, diagnostics: &mut Diagnostics) -> bool {
    let segments: Vec<String> =
        context.templates().into_iter().flat_map(|(_, names)| names).collect();
    let parameters = || context.parameters.iter().flat_map(|it| &it.names).map(String::as_str);
    for word in free_in_rules(context.declaration) {
        let text = word.to_string();
        let help = match nearest(&text, parameters()) {
            // It is a parameter that another rule uses.
            Some(near) if near == text => continue,
            _ if segments.contains(&text) => {
                format!("`{text}: web::Path<…>` among the handler's parameters")
            }
            Some(near) => format!("did you mean `{near}`?"),
            None => continue,
        };
        let message = format!("`allow` expects a parameter of the handler, found `{text}`");
        diagnostics.error(&word, message).help(help);
        return true;
    }
    false
}

fn extractor(parameter: &Parameter<'_>) -> String {
    let is_path = parameter.resource().is_none();
    let last = last_segment(parameter.ty).filter(|_| !is_path);
    last.map_or_else(|| String::from("web::Path"), |last| last.ident.to_string())
}

/// Which callers the endpoint admits. The application's own policy (`action`) gets the object; the
/// macro cannot see whether it uses it.
fn judged(context: &Context<'_>) -> Callers {
    if context.declaration.actions.is_empty() { context.callers() } else { Callers::Some }
}

fn lint(callers: Callers) -> &'static Lint {
    match callers {
        Callers::Anybody | Callers::AnyAuthenticated => &OBJECT_FOR_ANY_CALLER,
        Callers::Some => &OBJECT_WITHOUT_RULE,
    }
}

/// `objects` exempts a path with a segment; without one it would only look like a rule.
pub(super) fn exempt_something(context: &Context<'_>, diagnostics: &mut Diagnostics) {
    let Some(objects) = &context.declaration.objects else { return };
    let templates = context.templates();
    let is_seen = !templates.is_empty() && templates.len() == context.routes.len();
    let is_empty = templates.iter().all(|(_, names)| names.is_empty());
    if is_seen && is_empty && context.paths().next().is_none() {
        diagnostics
            .error(&objects.key, "`objects` expects a route with a segment, found none")
            .help("remove it");
    }
}

/// In the profile `strict`, this exception needs a reason.
pub(super) fn have_a_reason(context: &Context<'_>, diagnostics: &mut Diagnostics) {
    let Some(objects) = context.declaration.objects.as_ref().filter(|it| it.grounds.is_none())
    else {
        return;
    };
    let finding = Finding {
        lint: &OBJECTS_WITHOUT_REASON,
        place: &objects.key,
        message: String::from("`objects = any` expects a reason, found none"),
        help: String::from("`objects(any, reason = \"…\")`"),
        note: "a reviewer must see that every object is open on purpose",
    };
    context.levels.report(finding, diagnostics);
}
