//! Parses the layers of an attribute: those of its modules, and the policies that it uses.
//!
//! A module's `#[secure(...)]` and a policy's tokens reach the handler inside its own attribute, as
//! `__module(…)` and `__policy(…)`.

use proc_macro2::{Ident, TokenStream, TokenTree};
use syn::parse::Parser;

use super::declaration;
use super::entry::{Entry, Form, parts_of};
use super::tokens::{is_punct, stream, string};
use crate::diagnostics::Diagnostics;
use crate::model::layers::{Layer, Origin};
use crate::model::raw::{Declaration, Names};
use crate::paths::Paths;

pub(crate) const MODULE: &str = "__module";
pub(crate) const POLICY: &str = "__policy";

/// Marks an attribute that already contains the named policies that the handler's file policies
/// use.
pub(crate) const HOISTED: &str = "__hoisted";

/// Marks a handler's own attribute without keys: without it, only the module's would be visible.
pub(crate) const BARE: &str = "__bare";

/// The replacement of a policy with mistakes, which are reported where it is written.
pub(crate) const MISTAKEN: &str = "__mistaken";

/// The key `use` is removed before the other keys are parsed; a remaining one is a mistake.
pub(crate) fn use_policy(entry: &Entry, _: &mut Declaration, diagnostics: &mut Diagnostics) {
    let is_path = match &entry.form {
        Form::Equals(value) => path(value).is_some(),
        Form::Bare | Form::Call(_) => false,
    };
    if is_path {
        diagnostics
            .error(&entry.key, "a policy expects keys of its own, found `use`")
            .help("write `#[secure(use = one, use = other)]` where both are needed");
    } else {
        entry.unexpected("the path of a policy", diagnostics);
    }
}

/// The first policy that the attribute uses, and the attribute without that key.
pub(crate) fn used(arguments: &TokenStream) -> Option<(syn::Path, TokenStream)> {
    let is_use = |token| matches!(token, TokenTree::Ident(it) if it == "use");
    if !arguments.clone().into_iter().any(is_use) {
        return None;
    }
    let parts = parts_of(arguments.clone());
    let place = parts.iter().position(|part| policy(part).is_some())?;
    let path = parts.get(place).and_then(|part| policy(part))?;
    let rest = parts.iter().enumerate().filter(|(index, _)| *index != place);
    let mut without = TokenStream::new();
    for (_, part) in rest {
        without.extend(stream(part));
        without.extend(quote::quote!(,));
    }
    Some((path, without))
}

/// A policy that the attribute uses a second time.
pub(crate) fn used_twice(arguments: &TokenStream) -> Option<syn::Path> {
    let mut seen: Vec<String> = Vec::new();
    uses(arguments).into_iter().find(|path| {
        let text = quote::ToTokens::to_token_stream(path).to_string();
        let is_known = seen.contains(&text);
        seen.push(text);
        is_known
    })
}

/// The policies that these keys use.
pub(crate) fn uses(arguments: &TokenStream) -> Vec<syn::Path> {
    parts_of(arguments.clone()).iter().filter_map(|part| policy(part)).collect()
}

/// The other keys.
pub(crate) fn without_uses(arguments: &TokenStream) -> TokenStream {
    let parts = parts_of(arguments.clone()).into_iter().filter(|part| policy(part).is_none());
    let parts = parts.map(|part| stream(&part));
    quote::quote!(#(#parts),*)
}

fn policy(part: &[TokenTree]) -> Option<syn::Path> {
    match part {
        [TokenTree::Ident(key), equals, value @ ..] if key == "use" && is_punct(equals, '=') => {
            path(value)
        }
        _ => None,
    }
}

fn path(value: &[TokenTree]) -> Option<syn::Path> {
    syn::Path::parse_mod_style.parse2(stream(value)).ok()
}

/// The layers of an attribute, the widest first; its own keys are the last.
pub(crate) fn layers(arguments: TokenStream, diagnostics: &mut Diagnostics) -> Vec<Layer> {
    let mut layers = Vec::new();
    let _ = collect(arguments, Origin::Handler, &mut layers, diagnostics);
    layers
}

/// The path of the runtime, from the attribute.
pub(crate) fn root(arguments: &TokenStream) -> Paths {
    let root = Diagnostics::gather(|diagnostics| {
        let layers = layers(arguments.clone(), diagnostics);
        Some(layers.into_iter().filter_map(|layer| layer.declaration.root).next_back())
    });
    Paths::new(root.ok().flatten().as_ref())
}

/// Collects the layers. Returns whether the attribute, or a policy that it uses, admits anonymous
/// callers.
fn collect(
    arguments: TokenStream,
    origin: Origin,
    layers: &mut Vec<Layer>,
    diagnostics: &mut Diagnostics,
) -> bool {
    if is_mistaken(&arguments) {
        layers.push(Layer::mistaken(origin));
        return false;
    }
    let mistakes = diagnostics.count();
    let mut own = TokenStream::new();
    let (mut is_open, mut is_bare) = (false, false);
    let (name, arguments) = named(arguments);
    let mut rest = arguments.into_iter().peekable();
    while let Some(token) = rest.next() {
        let outer = match &token {
            TokenTree::Ident(word) => wrapped(word),
            _ => None,
        };
        match (outer, rest.peek()) {
            (Some(outer), Some(TokenTree::Group(tokens))) => {
                let opens = collect(tokens.stream(), outer, layers, diagnostics);
                is_open |= opens && outer == Origin::Policy;
                rest.next();
                // The comma after it.
                rest.next_if(|token| is_punct(token, ','));
            }
            _ if matches!(&token, TokenTree::Ident(word) if word == BARE) => is_bare = true,
            _ if matches!(&token, TokenTree::Ident(word) if word == HOISTED) => {
                rest.next_if(|token| is_punct(token, ','));
            }
            _ => own.extend([token]),
        }
    }
    let declaration = declaration(own.clone(), diagnostics);
    let Declaration { public, auth, .. } = &declaration;
    let admits_anonymous = auth.as_ref().and_then(Names::admits_anonymous).is_some();
    is_open |= public.is_some() || admits_anonymous;
    let is_whole = diagnostics.count() == mistakes;
    layers.push(Layer { origin, name, tokens: own, declaration, is_open, is_bare, is_whole });
    is_open
}

/// The name `"staff";` in front of a policy's or a module's keys, and the keys.
fn named(arguments: TokenStream) -> (Option<String>, TokenStream) {
    let mut tokens = arguments.clone().into_iter();
    match (tokens.next(), tokens.next()) {
        (Some(first), Some(second)) if is_punct(&second, ';') => {
            (string(&first).map(|name| name.text), tokens.collect())
        }
        _ => (None, arguments),
    }
}

fn is_mistaken(arguments: &TokenStream) -> bool {
    let mut words = arguments.clone().into_iter();
    matches!((words.next(), words.next()), (Some(TokenTree::Ident(word)), None) if word == MISTAKEN)
}

fn wrapped(word: &Ident) -> Option<Origin> {
    if word == MODULE {
        Some(Origin::Module)
    } else if word == POLICY {
        Some(Origin::Policy)
    } else {
        None
    }
}
