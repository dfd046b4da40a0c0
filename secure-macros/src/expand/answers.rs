//! What the rule asks the application, as one asynchronous closure: the number of a question in, its
//! answer out. The user's expressions stand in it as they were written.

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::{local, spans};
use crate::model::legal::{Access, Asks, Endpoint, Question};
use crate::paths;

/// `async |question, asked, arguments| match question { … }`
pub(super) fn closure(endpoint: &Endpoint) -> TokenStream {
    let (support, types) = (endpoint.paths.support(), &endpoint.arguments);
    let [question, asked, arguments] = ["question", "asked", "arguments"].map(local);
    let (option, result) = (paths::option_type(), paths::result());
    let answers = endpoint.questions.iter().enumerate().map(|(number, it)| {
        let number = proc_macro2::Literal::u8_suffixed(u8::try_from(number).unwrap_or(u8::MAX));
        let given = given(endpoint, it, &arguments);
        let answer = answer(endpoint, it, &asked, &arguments);
        quote!(#[allow(unused_variables)] (#number, #given) => { #answer })
    });
    quote! {
        async |
            #question: u8,
            #asked: &#support::Asked<'_>,
            #arguments: #option<&(#(#types,)*)>,
        | -> #result<bool, #support::Error> {
            match (#question, #arguments) {
                #(#answers)*
                _ => #asked.misled(),
            }
        }
    }
}

/// The pattern of the arguments that the question needs.
fn given(endpoint: &Endpoint, question: &Question, arguments: &Ident) -> TokenStream {
    let some = paths::some();
    if matches!(question.asks, Asks::CheckerByType(_)) {
        return quote!(#some(#arguments));
    }
    if question.arguments.is_empty() {
        return quote!(_);
    }
    let patterns = (0..endpoint.arguments.len()).map(|index| {
        let bound = question.arguments.iter().find(|bound| bound.index == index);
        bound.map_or_else(
            || quote!(_),
            |bound| {
                let pattern = &bound.pattern;
                quote!(#pattern)
            },
        )
    });
    quote!(#some((#(#patterns,)*)))
}

fn answer(
    endpoint: &Endpoint,
    question: &Question,
    asked: &Ident,
    arguments: &Ident,
) -> TokenStream {
    let support = endpoint.paths.support();
    let is_optional = matches!(endpoint.policy.access, Access::Optional);
    let caller = question.caller.iter().map(|word| {
        if is_optional {
            quote!(let #word = #asked.caller_if_any();)
        } else {
            quote!(let #word = #asked.caller()?;)
        }
    });
    let request = question.request.iter().map(|word| quote!(let #word = #asked.request();));
    let granted = question.arguments.iter().filter(|bound| bound.is_granted).map(|bound| {
        let pattern = &bound.pattern;
        quote!(let #pattern = #support::before_grant(#pattern);)
    });
    let (holds, ok) = (local("holds"), paths::ok());
    let expression = match &question.asks {
        Asks::Expression(tokens) => tokens.clone(),
        // All of it where the function's name stands: one mistake in it is one error there.
        Asks::Checker(function, given) => {
            let place = spans::Place::of(function);
            let call = place.call(quote!(#function), quote!(#asked.caller()?, #(#given),*));
            let awaited = place.cover_locals(quote!(.await));
            let checked = place.cover_call(quote!(#support::checked), quote!(#call #awaited));
            let end = place.cover_locals(quote!(?));
            quote!(#checked #end)
        }
        Asks::CheckerByType(function) => {
            let check = if endpoint.objects_hang_on_a_checker {
                quote!(check_objects)
            } else {
                quote!(check_arguments)
            };
            spans::Place::of(function).cover_locals(quote! {
                #support::#check(#function, #asked.caller()?, #arguments).await?
            })
        }
    };
    quote!(#(#caller)* #(#request)* #(#granted)* let #holds: bool = #expression; #ok(#holds))
}
