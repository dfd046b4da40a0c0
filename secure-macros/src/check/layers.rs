//! Merges the layers of an endpoint. An inner layer can narrow the outer ones, and never widens
//! them.

use quote::ToTokens;

use super::body::ANY;
use super::source::source;
use super::step_up;
use crate::diagnostics::Diagnostics;
use crate::model::condition::Check;
use crate::model::layers::{Layer, Origin};
use crate::model::raw::{Combine, Declaration, Exemption, Names};
use crate::vocabulary::FILE;

/// A module or a policy cannot name the parameters of one handler. The names are removed, so that
/// they are reported once.
pub(super) fn parameters_are_the_handlers(layer: &mut Layer, diagnostics: &mut Diagnostics) {
    if layer.origin == Origin::Handler {
        return;
    }
    let Declaration { validate, unvalidated, checks, .. } = &mut layer.declaration;
    unvalidated.iter_mut().for_each(|exemption| exemption.is_shared = true);
    let validate = validate.take();
    let unvalidated: Vec<Exemption> =
        unvalidated.extract_if(.., |exemption| exemption.parameter.text != ANY).collect();
    let validated = validate.iter().flatten().map(|name| ("validate", name));
    let exempt = unvalidated.iter().map(|exemption| ("unvalidated", &exemption.parameter));
    let given: Vec<Check> = checks.extract_if(.., |check| names_parameters(check)).collect();
    let checked = given.iter().flat_map(|check| &check.parameters).flatten();
    let checked = checked.map(|name| ("check", name));
    for (key, name) in validated.chain(exempt).chain(checked) {
        let message = format!(
            "`{key}` names a parameter of one handler, and cannot stand on {}",
            layer.origin.words()
        );
        let help = match key {
            "unvalidated" => {
                "write it on the handler, or `unvalidated(any, reason = \"…\")` for every body"
            }
            _ => "write it on the handler",
        };
        diagnostics.error(name, message).help(help);
    }
}

fn names_parameters(check: &Check) -> bool {
    check.parameters.as_ref().is_some_and(|given| given.iter().any(|name| name.text != "request"))
}

/// The text of each layer; nothing if there is only one.
pub(super) fn texts(layers: &[Layer]) -> Vec<String> {
    if layers.len() < 2 {
        return Vec::new();
    }
    let says = layers.iter().map(|layer| {
        let name = layer.name.as_deref().unwrap_or_default();
        let place = match layer.origin {
            Origin::Source => format!("{FILE} {name}"),
            Origin::Module => format!("module {name}"),
            Origin::Policy => format!("policy {name}"),
            Origin::Handler => String::from("attribute"),
        };
        match source(&layer.tokens) {
            keys if keys.is_empty() => place,
            keys => format!("{}: {}", place.trim_end(), keys.trim_end_matches(',')),
        }
    });
    says.collect()
}

/// All layers merged into one declaration, the outermost first.
pub(super) fn narrowed(layers: Vec<Layer>, diagnostics: &mut Diagnostics) -> Declaration {
    let mut layers = layers.into_iter();
    let Some(first) = layers.next() else { return Declaration::default() };
    let demands = demands(&first);
    let Layer { origin, declaration, .. } = first;
    let mut whole = Whole { demands, origin, declaration };
    for layer in layers {
        whole.narrow(layer, diagnostics);
    }
    whole.declaration
}

/// The merged layers so far.
struct Whole {
    /// Whether an authenticated caller is required so far.
    demands: bool,
    /// The origin of the last merged layer.
    origin: Origin,
    declaration: Declaration,
}

/// Whether a layer requires an authenticated caller. The attribute of a module is a complete
/// policy: without `public` it requires a caller. So does a handler's attribute without keys. A
/// named policy is a set of keys, and requires what its keys require.
fn demands(layer: &Layer) -> bool {
    let Layer { origin, declaration, is_open, is_bare, .. } = layer;
    let says = !declaration.demands.is_empty()
        || step_up::is_demanded(declaration)
        || !declaration.checks.is_empty()
        || declaration.auth.as_ref().is_some_and(|auth| auth.admits_anonymous().is_none());
    says || *is_bare || (*origin == Origin::Module && !is_open)
}

impl Whole {
    fn narrow(&mut self, layer: Layer, diagnostics: &mut Diagnostics) {
        let needs_a_caller = demands(&layer);
        let Layer { origin, declaration: mut inner, .. } = layer;
        self.public(&mut inner, needs_a_caller, diagnostics);
        self.auth(&mut inner, needs_a_caller, diagnostics);
        self.step_up(&mut inner, diagnostics);
        self.body(&mut inner, diagnostics);
        let whole = &mut self.declaration;
        whole.demands.append(&mut inner.demands);
        whole.allow.append(&mut inner.allow);
        whole.amr.append(&mut inner.amr);
        whole.checks.append(&mut inner.checks);
        whole.actions.append(&mut inner.actions);
        whole.rates.append(&mut inner.rates);
        whole.concurrency.append(&mut inner.concurrency);
        whole.priority = inner.priority.or(whole.priority.take());
        whole.failures.append(&mut inner.failures);
        whole.unvalidated.append(&mut inner.unvalidated);
        whole.hide = whole.hide.take().or(inner.hide);
        whole.websocket = whole.websocket.take().or(inner.websocket);
        whole.callable = whole.callable.take().or(inner.callable);
        whole.validate = whole.validate.take().or(inner.validate);
        whole.objects = inner.objects.or(whole.objects.take());
        whole.root = inner.root.or(whole.root.take());
        whole.bodies_unclear |= inner.bodies_unclear;
        whole.rule_unclear |= inner.rule_unclear;
        self.demands |= needs_a_caller;
        self.origin = origin;
    }

    /// `public` inside a layer that requires a caller would admit everybody.
    fn public(
        &mut self,
        inner: &mut Declaration,
        needs_a_caller: bool,
        diagnostics: &mut Diagnostics,
    ) {
        match &inner.public {
            Some(public) if self.demands => {
                let around = self.origin.words();
                let message = format!(
                    "`public` admits everybody, and {around} demands an authenticated caller"
                );
                widens(public, &message, diagnostics);
            }
            Some(_) => {
                self.declaration.public = inner.public.take();
                self.declaration.public_grounds = inner.public_grounds.take();
            }
            None if needs_a_caller => self.declaration.public = None,
            None => {}
        }
    }

    /// The authenticators of a layer must be some of those around it. A demand on the caller
    /// cancels `optional` and `lenient`.
    fn auth(
        &mut self,
        inner: &mut Declaration,
        needs_a_caller: bool,
        diagnostics: &mut Diagnostics,
    ) {
        let Some(auth) = inner.auth.take() else {
            match &mut self.declaration.auth {
                Some(outer) if needs_a_caller && outer.is_optional() => {
                    self.declaration.auth = None;
                }
                // One of the named authenticators must accept.
                Some(outer) if needs_a_caller => outer.is_lenient = false,
                _ => {}
            }
            return;
        };
        let around = self.origin.words();
        let is_narrower = match &self.declaration.auth {
            Some(outer) => is_within(&auth, outer),
            None => !(self.demands && auth.admits_anonymous().is_some()),
        };
        if is_narrower {
            self.declaration.auth = Some(auth);
        } else {
            let says = self.declaration.auth.as_ref();
            let says = says.map_or_else(
                || "any authenticated caller".to_owned(),
                |it| format!("`auth = {}`", it.value),
            );
            let message = format!("`auth` is wider than {around} allows: {says}");
            widens(&auth.value, &message, diagnostics);
        }
    }

    /// `fresh` is at most as long as around it, and `acr` lists only levels from around it.
    fn step_up(&mut self, inner: &mut Declaration, diagnostics: &mut Diagnostics) {
        let around = self.origin.words();
        if let Some(fresh) = inner.fresh.take() {
            match &self.declaration.fresh {
                Some(outer) if outer.age.0 < fresh.age.0 => {
                    let written = &outer.text.text;
                    let message = format!("`fresh` is longer than {around} allows: {written:?}");
                    widens(&fresh.text, &message, diagnostics);
                }
                _ => self.declaration.fresh = Some(fresh),
            }
        }
        if let Some(acr) = inner.acr.take() {
            match &self.declaration.acr {
                Some(outer) if !is_within(&acr, outer) => {
                    let says = &outer.value;
                    let message = format!("`acr` is wider than {around} allows: `acr = {says}`");
                    widens(&acr.value, &message, diagnostics);
                }
                _ => self.declaration.acr = Some(acr),
            }
        }
    }

    /// Limits on the body are at most as wide as around it, and its media type is the same.
    fn body(&mut self, inner: &mut Declaration, diagnostics: &mut Diagnostics) {
        let around = self.origin.words();
        if let Some((size, place)) = inner.max_body.take() {
            match &self.declaration.max_body {
                Some((outer, written)) if outer.0 < size.0 => {
                    let written = &written.text;
                    let message =
                        format!("`max_body` is larger than {around} allows: \"{written}\"");
                    widens(&place, &message, diagnostics);
                }
                _ => self.declaration.max_body = Some((size, place)),
            }
        }
        if let Some((time, place)) = inner.body_timeout.take() {
            match &self.declaration.body_timeout {
                Some((outer, written)) if outer.0 < time.0 => {
                    let written = &written.text;
                    let message =
                        format!("`body_timeout` is longer than {around} allows: \"{written}\"");
                    widens(&place, &message, diagnostics);
                }
                _ => self.declaration.body_timeout = Some((time, place)),
            }
        }
        if let Some(content_type) = inner.content_type.take() {
            match &self.declaration.content_type {
                Some(outer) if outer.text != content_type.text => {
                    let message =
                        format!("`content_type` differs from that of {around}: {:?}", outer.text);
                    widens(&content_type, &message, diagnostics);
                }
                _ => self.declaration.content_type = Some(content_type),
            }
        }
        let codings = &mut self.declaration.content_encoding;
        *codings = inner.content_encoding.take().or(codings.take());
    }
}

fn widens(place: &dyn ToTokens, message: &str, diagnostics: &mut Diagnostics) {
    diagnostics
        .error(place, message)
        .help("remove it, or move the handler elsewhere")
        .note("an inner policy can only narrow the policy around it");
}

/// Whether the second list admits every caller that the first admits.
fn is_within(inner: &Names, outer: &Names) -> bool {
    let contains = |list: &Names, text: &str| list.names.iter().any(|name| name.text == text);
    match (outer.is_optional(), inner.is_optional()) {
        (true, _) => true,
        (false, true) => false,
        (false, false) if inner.is_lenient && !outer.is_lenient => false,
        (false, false) => match (outer.combine, inner.combine) {
            // A list that needs all names admits no more than one that needs any of them.
            (Combine::All, Combine::All) => outer.names.iter().all(|it| contains(inner, &it.text)),
            (Combine::All, _) => {
                outer.names.len() == 1 && inner.names.iter().all(|it| contains(outer, &it.text))
            }
            (_, Combine::All) => inner.names.iter().any(|it| contains(outer, &it.text)),
            (_, _) => inner.names.iter().all(|it| contains(outer, &it.text)),
        },
    }
}
