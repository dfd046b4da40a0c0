//! Rules about objects that the path names (OWASP API1:2023, broken object level authorization).

use quote::ToTokens;

use super::allow::looks_at_arguments;
use super::seen::{Callers, Seen};
use crate::diagnostics::Diagnostics;
use crate::lints::{
    Finding, Level, OBJECT_FOR_ANY_CALLER, OBJECT_WITHOUT_RULE, OBJECTS_WITHOUT_REASON,
};

/// Whoever may ask for one object can put the identifier of another one there. Some rule looks at
/// the object, or the attribute says that every object is for every caller.
pub(super) fn have_a_rule(seen: &Seen<'_>, diagnostics: &mut Diagnostics) {
    let is_ruled = looks_at_arguments(seen.declaration, seen.parameters);
    if seen.declaration.objects.is_some() || is_ruled {
        return;
    }
    let templates = seen.templates();
    let segment = templates.iter().find_map(|(route, names)| Some((route, names.first()?)));
    let (place, name): (&dyn ToTokens, String) = match (segment, seen.paths().next()) {
        (Some((route, name)), _) => (&route.path, format!("{{{name}}}")),
        // Where there is no route to see, what the handler takes out of the path says enough.
        (None, Some((parameter, _))) => (parameter.ty, String::from("web::Path")),
        (None, None) => return,
    };
    let (lint, may) = match seen.callers() {
        Callers::Anybody => (&OBJECT_FOR_ANY_CALLER, "anybody may ask for any of them"),
        Callers::AnyAuthenticated => (&OBJECT_FOR_ANY_CALLER, "any caller may ask for any of them"),
        Callers::Some => (&OBJECT_WITHOUT_RULE, "no rule looks at which one"),
    };
    let exception = match seen.levels.of(&OBJECTS_WITHOUT_REASON) {
        Level::Deny => "`objects(any, reason = \"…\")`",
        Level::Allow | Level::Warn => "`objects = any`",
    };
    let finding = Finding {
        lint,
        place,
        message: format!("`{name}` names an object, and {may}"),
        help: format!("{exception}, if each of them is for everybody who may call"),
        note: "a caller who may see one can put another's identifier there (OWASP API1:2023)",
    };
    seen.levels.tell(finding, diagnostics);
}

/// `objects` exempts a path with a segment; elsewhere it would look like a rule.
pub(super) fn exempt_something(seen: &Seen<'_>, diagnostics: &mut Diagnostics) {
    let Some(objects) = &seen.declaration.objects else { return };
    let templates = seen.templates();
    let is_seen = !templates.is_empty() && templates.len() == seen.routes.len();
    let is_empty = templates.iter().all(|(_, names)| names.is_empty());
    if is_seen && is_empty && seen.paths().next().is_none() {
        diagnostics
            .error(&objects.key, "`objects` expects a route with a segment, found none")
            .help("leave it out");
    }
}

/// Where every exception has its reason, this one has one too.
pub(super) fn have_a_reason(seen: &Seen<'_>, diagnostics: &mut Diagnostics) {
    let Some(objects) = seen.declaration.objects.as_ref().filter(|it| it.grounds.is_none()) else {
        return;
    };
    let finding = Finding {
        lint: &OBJECTS_WITHOUT_REASON,
        place: &objects.key,
        message: String::from("`objects = any` expects a reason, found none"),
        help: String::from("`objects(any, reason = \"…\")`"),
        note: "whoever reviews the endpoint has to know that it is meant",
    };
    seen.levels.tell(finding, diagnostics);
}
