//! Sets spans, so that rustc shows errors about types at the user's own types.
//!
//! rustc merges two errors about one type if they have the same span. So the call of the runtime
//! and the assertion about a parameter both have the span of the parameter's type, and a wrong type
//! is one error there.

use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{GenericArgument, PathArguments, ReturnType, Type};

use crate::model::legal::Endpoint;

/// Types that are always extractors, whatever their content.
const EXTRACTORS: [&str; 12] = [
    "Json",
    "Form",
    "Query",
    "Path",
    "Data",
    "Header",
    "ReqData",
    "HttpRequest",
    "Bytes",
    "String",
    "Payload",
    "Principal",
];

/// The first and the last span of some tokens.
#[derive(Clone, Copy)]
pub(super) struct Place {
    start: Span,
    end: Span,
}

impl Place {
    pub(super) fn of(tokens: &dyn ToTokens) -> Self {
        let mut spans = tokens.to_token_stream().into_iter().map(|token| token.span());
        let start = spans.next().unwrap_or_else(Span::call_site);
        Self { start, end: spans.last().unwrap_or(start) }
    }

    /// The same tokens, the first at the start of the place, all others at its end.
    pub(super) fn cover(self, tokens: TokenStream) -> TokenStream {
        let mut span = self.start;
        let place = |mut token: TokenTree| {
            token.set_span(span);
            span = self.end;
            token
        };
        tokens.into_iter().map(place).collect()
    }

    /// A call of `function` at this place; its arguments keep their spans.
    pub(super) fn cover_call(self, function: TokenStream, arguments: TokenStream) -> TokenStream {
        self.call(self.cover(function), arguments)
    }

    /// The same for a function that keeps its span, too.
    pub(super) fn call(self, mut function: TokenStream, arguments: TokenStream) -> TokenStream {
        let mut list = Group::new(Delimiter::Parenthesis, arguments);
        list.set_span(self.end);
        function.extend([TokenTree::Group(list)]);
        function
    }

    /// As [`Place::cover`], but local variables of the expansion keep their hygiene.
    pub(super) fn cover_locals(self, tokens: TokenStream) -> TokenStream {
        let ours = |span: Span| Span::mixed_site().located_at(span);
        Self { start: ours(self.start), end: ours(self.end) }.cover(tokens)
    }

    /// The same tokens, the first at the start of the place, the last at its end; the tokens
    /// between keep their spans.
    pub(super) fn frame(self, tokens: TokenStream) -> TokenStream {
        let mut tokens: Vec<TokenTree> = tokens.into_iter().collect();
        if let Some(last) = tokens.last_mut() {
            last.set_span(self.end);
        }
        if let Some(first) = tokens.first_mut() {
            first.set_span(self.start);
        }
        tokens.into_iter().collect()
    }
}

/// The most likely place of an error about the handler's types.
pub(super) fn of_types(endpoint: &Endpoint) -> Place {
    let unsure = endpoint.arguments.iter().find(|ty| !is_known(ty));
    match (unsure.map(|ty| resource(ty).unwrap_or(ty)), &endpoint.function.signature.output) {
        (Some(ty), _) => Place::of(ty),
        (None, ReturnType::Type(_, output)) => Place::of(output),
        (None, ReturnType::Default) => Place::of(&endpoint.function.signature.ident),
    }
}

/// An assertion about every parameter whose type may not be an extractor.
pub(super) fn assertions(endpoint: &Endpoint) -> impl Iterator<Item = TokenStream> {
    let support = endpoint.paths.support();
    let unsure = endpoint.arguments.iter().filter(|ty| !is_known(ty));
    unsure.map(move |ty| match resource(ty) {
        Some(resource) => quote!(let _ = #support::resource::<#resource>;),
        None => quote!(let _ = #support::extractor::<#ty>;),
    })
}

/// An assertion about every resource that no segment of the route names: its key must be elsewhere.
pub(super) fn pathless(endpoint: &Endpoint) -> impl Iterator<Item = TokenStream> {
    let support = endpoint.paths.support();
    endpoint.pathless.iter().map(move |(ty, message)| {
        let assertion = Place::of(ty)
            .cover_call(quote!(#support::must), quote!(!#support::in_path::<#ty>(), #message));
        quote!(const _: () = #assertion;)
    })
}

/// The resource of `Loaded<Resource>` or `Granted<Resource>`.
fn resource(ty: &Type) -> Option<&Type> {
    let Type::Path(path) = ty else { return None };
    let last = path.path.segments.last()?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    match arguments.args.first() {
        Some(GenericArgument::Type(ty)) if last.ident == "Loaded" || last.ident == "Granted" => {
            Some(ty)
        }
        _ => None,
    }
}

fn is_known(ty: &Type) -> bool {
    match ty {
        Type::Group(group) => is_known(&group.elem),
        Type::Path(path) => path
            .path
            .segments
            .last()
            .is_some_and(|last| EXTRACTORS.iter().any(|name| last.ident == name)),
        _ => false,
    }
}
