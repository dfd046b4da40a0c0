//! Rules about the signature of the function: it must be a plain async handler.

use proc_macro2::{Delimiter, Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{FnArg, GenericArgument, PathArguments, ReturnType, Safety, Signature, Type};

use super::parameters::last_segment;
use crate::diagnostics::Diagnostics;
use crate::known_attributes::{is_secure, needs_the_item, unfolded};
use crate::model::raw::Function;

/// The most arguments that actix-web passes to a handler.
const MOST_PARAMETERS: usize = 16;

/// A handler is a free function: actix-web has no receiver to call a method on.
pub(super) fn takes_no_self(function: &Function, diagnostics: &mut Diagnostics) -> Option<()> {
    let Some(receiver) = function.signature.receiver() else { return Some(()) };
    diagnostics
        .error(receiver, "`#[secure]` expects a free function, found a method")
        .help("move the handler out of the `impl` block");
    None
}

/// A handler is async.
pub(super) fn is_async(function: &Function, diagnostics: &mut Diagnostics) {
    let signature = &function.signature;
    if signature.asyncness.is_none() && returns_a_pin(signature) {
        diagnostics
            .error(
                &signature.fn_token,
                "`#[secure]` expects an `async fn`, found a `fn` that returns a boxed future",
            )
            .help(
                "use a free `async fn`: `#[async_trait]` rewrites the functions of its `impl` block",
            );
    } else if signature.asyncness.is_none() {
        diagnostics
            .error(&function.signature.fn_token, "`#[secure]` expects an `async fn`, found a `fn`")
            .help(format!("`async fn {}`", function.signature.ident));
    }
}

/// Whether it is the result of `#[async_trait]`.
pub(crate) fn returns_a_pin(signature: &Signature) -> bool {
    let ReturnType::Type(_, ty) = &signature.output else { return false };
    last_segment(ty).is_some_and(|last| last.ident == "Pin")
}

/// A handler is neither `const` nor `unsafe` nor `extern` nor variadic.
pub(super) fn has_no_qualifiers(function: &Function, diagnostics: &mut Diagnostics) {
    let signature = &function.signature;
    let safety: Option<TokenStream> = match &signature.safety {
        Safety::Safe(token) => Some(token.to_token_stream()),
        Safety::Unsafe(token) => Some(token.to_token_stream()),
        Safety::Default => None,
    };
    let qualifiers: [(&str, Option<TokenStream>); 4] = [
        ("const", signature.constness.map(ToTokens::into_token_stream)),
        ("unsafe", safety),
        ("extern", signature.abi.as_ref().map(ToTokens::to_token_stream)),
        ("variadic", signature.variadic.as_ref().map(ToTokens::to_token_stream)),
    ];
    for (name, place) in qualifiers {
        if let Some(place) = place {
            let message = format!("`#[secure]` expects a plain `async fn`, found `{name}`");
            diagnostics.error(&place, message).help("remove it");
        }
    }
}

/// A handler returns a response: `()` is not one in actix-web.
pub(super) fn returns_a_response(function: &Function, diagnostics: &mut Diagnostics) {
    let signature = &function.signature;
    let nothing = match &signature.output {
        ReturnType::Default => Some(signature.ident.to_token_stream()),
        ReturnType::Type(_, ty) => match &**ty {
            Type::Tuple(tuple) if tuple.elems.is_empty() => Some(tuple.to_token_stream()),
            _ => None,
        },
    };
    if let Some(place) = nothing {
        diagnostics
            .error(&place, "`#[secure]` expects a handler that returns a response, found none")
            .help("`-> impl Responder`, or `-> HttpResponse`");
    }
}

/// One function has one policy.
pub(super) fn is_secured_once(function: &Function, diagnostics: &mut Diagnostics) {
    for attribute in &function.attributes {
        if is_secure(attribute.path()) {
            diagnostics
                .error(attribute.path(), "`#[secure]` is given twice, expected it once")
                .help("write all keys in one attribute");
        }
    }
}

/// Attributes that need the item must be above `#[secure]`: below it, the user's function is nested
/// in another one.
pub(super) fn is_the_item_of_others(function: &Function, diagnostics: &mut Diagnostics) {
    let metas = function.attributes.iter().flat_map(unfolded);
    for (meta, _) in metas.filter(|(meta, _)| needs_the_item(meta)) {
        let name = meta.path().to_token_stream().to_string().replace(' ', "");
        diagnostics
            .error(meta.path(), format!("`#[{name}]` must stand above `#[secure]`, found it below"))
            .help(format!("write in this order: `#[{name}(…)]`, `#[secure(…)]`, the route"));
    }
}

/// The handler is nested in another function, where `Self` is not defined.
pub(super) fn names_no_self(function: &Function, diagnostics: &mut Diagnostics) {
    if let Some(word) = self_type(function) {
        diagnostics
            .error(&word, "a secured handler expects the name of the type, found `Self`")
            .help("name the type, or move the handler out of the `impl` block")
            .note(
                "`#[secure]` moves the function into another function, where `Self` is not defined",
            );
    }
}

/// The first `Self` that means the type of an `impl` block around the function.
pub(crate) fn self_type(function: &Function) -> Option<Ident> {
    let signature = find_self(function.signature.to_token_stream(), false);
    signature.or_else(|| find_self(function.body.stream(), true))
}

/// Items in a body have a `Self` of their own.
fn find_self(tokens: TokenStream, skips_items: bool) -> Option<Ident> {
    const OWNERS: [&str; 5] = ["impl", "trait", "struct", "enum", "union"];
    let mut is_inside = false;
    tokens.into_iter().find_map(|token| match token {
        TokenTree::Ident(word) if word == "Self" && !is_inside => Some(word),
        TokenTree::Ident(word) => {
            is_inside |= skips_items && OWNERS.iter().any(|owner| word == owner);
            None
        }
        TokenTree::Punct(punct) => {
            is_inside &= punct.as_char() != ';';
            None
        }
        TokenTree::Group(group) if is_inside => {
            is_inside = group.delimiter() != Delimiter::Brace;
            None
        }
        TokenTree::Group(group) => find_self(group.stream(), skips_items),
        TokenTree::Literal(_) => None,
    })
}

/// The parameters must be the same in every configuration: rules and limits identify them by
/// position.
pub(super) fn has_all_its_parameters(function: &Function, diagnostics: &mut Diagnostics) {
    for input in &function.signature.inputs {
        let FnArg::Typed(parameter) = input else { continue };
        if let Some(cfg) = parameter.attrs.iter().find(|it| it.path().is_ident("cfg")) {
            diagnostics
                .error(cfg, "a handler's parameter cannot have a `cfg`")
                .help("write one handler per configuration, with the `cfg` above its `#[secure]`");
        }
    }
}

/// The type of every parameter must have a name, because actix-web extracts it.
pub(super) fn names_its_types(function: &Function, diagnostics: &mut Diagnostics) {
    for input in &function.signature.inputs {
        if let FnArg::Typed(parameter) = input
            && let Some(place) = unnamed(&parameter.ty)
        {
            diagnostics
                .error(&place, "a handler's parameter expects a named type, found `impl Trait`")
                .help("use a type parameter: `async fn handler<T: Trait>(…: T)`");
        }
    }
}

/// actix-web passes at most sixteen arguments.
pub(super) fn has_few_parameters(function: &Function, diagnostics: &mut Diagnostics) {
    let inputs = &function.signature.inputs;
    if let Some(first_beyond) = inputs.iter().nth(MOST_PARAMETERS) {
        let message = format!(
            "a handler expects at most {MOST_PARAMETERS} parameters, found {}",
            inputs.len()
        );
        diagnostics.error(first_beyond, message).help("combine several in a tuple");
    }
}

fn unnamed(ty: &Type) -> Option<TokenStream> {
    match ty {
        Type::ImplTrait(ty) => Some(ty.to_token_stream()),
        Type::Group(group) => unnamed(&group.elem),
        Type::Paren(paren) => unnamed(&paren.elem),
        Type::Reference(reference) => unnamed(&reference.elem),
        Type::Tuple(tuple) => tuple.elems.iter().find_map(unnamed),
        Type::Path(path) => path.path.segments.iter().find_map(|segment| {
            let PathArguments::AngleBracketed(arguments) = &segment.arguments else { return None };
            arguments.args.iter().find_map(|argument| match argument {
                GenericArgument::Type(ty) => unnamed(ty),
                _ => None,
            })
        }),
        _ => None,
    }
}
