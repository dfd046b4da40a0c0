//! Generates one asynchronous closure that evaluates the expressions and checkers of the rule: from
//! the number of an expression to its result. The user's expressions are copied unchanged.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use syn::{FnArg, Pat, PatIdent, PatType};

use super::{local, spans};
use crate::model::legal::{Access, AppExpression, Endpoint, Evaluated};
use crate::paths::{self, Paths};

/// `{ let answers = async |…| …; }`, for an endpoint with such expressions.
///
/// An editor that completes an expression expands the attribute twice, once as it is and once with
/// an extra word at the cursor, and compares tokens at the same distance from the start. So the
/// expressions come first: the tokens before them do not depend on them.
pub(super) fn rule(endpoint: &Endpoint) -> Option<TokenStream> {
    if endpoint.rule_expressions.is_empty() {
        return None;
    }
    let (answers, closure) = (local("answers"), spans::of_types(endpoint).frame(closure(endpoint)));
    Some(quote!({ let #answers = #closure; }))
}

/// `async |question, asked, arguments| match question { … }`
fn closure(endpoint: &Endpoint) -> TokenStream {
    let support = endpoint.paths.support();
    let [question, asked, arguments] = ["question", "asked", "arguments"].map(local);
    let (option, result) = (paths::option_type(), paths::result());
    let all = super::arguments(endpoint);
    let answers = endpoint.rule_expressions.iter().enumerate().map(|(number, it)| {
        let number = proc_macro2::Literal::u8_suffixed(u8::try_from(number).unwrap_or(u8::MAX));
        let answer = answer(endpoint, it, &asked, &arguments);
        quote!(#number => { #answer })
    });
    quote! {
        async |
            #question: u8,
            #asked: &#support::Asked<'_>,
            #arguments: &#all,
        | -> #result<#option<bool>, #support::Error> {
            match #question {
                #(#answers)*
                _ => #asked.misled(),
            }
        }
    }
}

/// Binds the arguments that the expression uses, or returns this result while one of them does not
/// exist yet. A parameter may bind more names than the expression uses.
pub(super) fn bound(
    endpoint: &Endpoint,
    question: &AppExpression,
    arguments: &Ident,
    otherwise: &TokenStream,
) -> TokenStream {
    if question.arguments.is_empty() {
        return TokenStream::new();
    }
    let (support, some) = (endpoint.paths.support(), paths::some());
    let patterns = (0..endpoint.arguments.len()).map(|index| {
        let bound = question.arguments.iter().find(|bound| bound.index == index);
        bound.map_or_else(
            || quote!(_),
            |bound| {
                let pattern = &bound.pattern;
                quote!(#some(#pattern))
            },
        )
    });
    let granted = question.arguments.iter().filter(|bound| bound.is_granted).map(|bound| {
        let pattern = &bound.pattern;
        quote!(#[allow(unused_variables)] let #pattern = #support::before_grant(#pattern);)
    });
    quote! {
        #[allow(unused_variables)]
        let (#(#patterns,)*) = #arguments else { return #otherwise };
        #(#granted)*
    }
}

fn answer(
    endpoint: &Endpoint,
    question: &AppExpression,
    asked: &Ident,
    arguments: &Ident,
) -> TokenStream {
    if let (Evaluated::Expression(tokens), Some(paths)) = (&question.evaluated, question.apart()) {
        return apart(endpoint, question, paths, tokens);
    }
    let support = endpoint.paths.support();
    let words = words(endpoint, question, &endpoint.paths, asked);
    let others = others(endpoint, question);
    let bound = bound(endpoint, question, arguments, &quote!(#asked.misled()));
    let (holds, ok, some) = (local("holds"), paths::ok(), paths::some());
    let expression = match &question.evaluated {
        Evaluated::Expression(tokens) => tokens.clone(),
        // The whole call has the span of the function's name, so that one mistake in it is one
        // error there.
        Evaluated::Checker(function, given) => {
            let place = spans::Place::of(function);
            let call = place.call(quote!(#function), quote!(#asked.caller()?, #(#given),*));
            let awaited = place.cover_locals(quote!(.await));
            let checked = place.cover_call(quote!(#support::checked), quote!(#call #awaited));
            let end = place.cover_locals(quote!(?));
            quote!(#checked #end)
        }
        Evaluated::CheckerByType(function) => {
            let check = if endpoint.objects_need_a_checker {
                quote!(check_objects)
            } else {
                quote!(check_arguments)
            };
            let place = spans::Place::of(function);
            return place.cover_locals(quote! {
                #support::#check(#function, #asked.caller()?, #arguments).await.map_err(::core::convert::Into::into)
            });
        }
    };
    quote! {
        #bound #words #(#others)*
        let #holds: bool = #expression;
        #ok(#some(#holds))
    }
}

/// A shared expression, in a module of its own: the imports of the handler's module, above all its
/// traits, are not in scope there.
fn apart(
    endpoint: &Endpoint,
    question: &AppExpression,
    paths: &Paths,
    expression: &TokenStream,
) -> TokenStream {
    let [asked, holds, apart] = ["asked", "holds", "apart"].map(local);
    let (support, result, ok) = (paths.support(), paths::result(), paths::ok());
    let (option, some) = (paths::option_type(), paths::some());
    let words = words(endpoint, question, paths, &asked);
    quote! {
        mod #apart {
            pub(super) async fn rule(
                #asked: &#support::Asked<'_>,
            ) -> #result<#option<bool>, #support::Error> {
                #words
                let #holds: bool = #expression;
                #ok(#some(#holds))
            }
        }
        #apart::rule(#asked).await
    }
}

/// Binds `caller` and `request`, if the expression uses them.
pub(super) fn words(
    endpoint: &Endpoint,
    question: &AppExpression,
    paths: &Paths,
    asked: &Ident,
) -> TokenStream {
    let free = |word: &Ident| free(word, paths);
    let caller = caller(endpoint, question).map(|word| {
        let (free, value) = (
            free(&word),
            match endpoint.policy.access {
                Access::Optional | Access::Lenient(_) => quote!(#asked.caller_if_any()),
                _ => quote!(#asked.caller()?),
            },
        );
        quote!(#free #[allow(unused_variables)] let #word = #value;)
    });
    let request = request(question).map(|word| {
        let free = free(&word);
        quote!(#free #[allow(unused_variables)] let #word = #asked.request();)
    });
    quote!(#caller #request)
}

/// Makes a name one that can be bound. A handler with a route attribute is a unit struct, which no
/// variable in scope can share its name with; a function can.
fn free(word: &Ident, paths: &Paths) -> TokenStream {
    let support = paths.support();
    quote!(#[allow(unused_imports)] use #support::free as #word;)
}

/// The word `caller`, as it is used; in an expression with unknown names, as it may become.
fn caller(endpoint: &Endpoint, question: &AppExpression) -> Option<Ident> {
    let may_be = question.has_unknown_names && !matches!(endpoint.policy.access, Access::Public);
    question.caller.clone().or_else(|| may_be.then(|| word("caller")))
}

fn request(question: &AppExpression) -> Option<Ident> {
    question.request.clone().or_else(|| question.has_unknown_names.then(|| word("request")))
}

fn word(word: &str) -> Ident {
    Ident::new(word, Span::call_site())
}

/// The unused parameters, for an expression with an unknown name: editors offer them, and rustc
/// suggests the nearest. They have no values, so no code can use them.
fn others(endpoint: &Endpoint, question: &AppExpression) -> Vec<TokenStream> {
    if !question.has_unknown_names {
        return Vec::new();
    }
    let support = endpoint.paths.support();
    let inputs = endpoint.function.signature.inputs.iter().enumerate();
    let others = inputs.filter_map(|(index, input)| match input {
        FnArg::Typed(typed) if question.arguments.iter().all(|it| it.index != index) => Some(typed),
        _ => None,
    });
    others
        .map(|PatType { pat, ty, .. }| match &**pat {
            Pat::Ident(PatIdent { ident, .. }) => {
                quote!(#[allow(unused_variables)] let #ident: &#ty;)
            }
            // A destructuring pattern needs a value.
            pattern => quote!(#support::in_editors! { let #pattern: &#ty; }),
        })
        .collect()
}
