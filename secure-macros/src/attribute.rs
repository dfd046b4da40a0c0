//! Expands `#[secure(…)]`: parses the tokens, checks the rules, generates code, or falls back after
//! mistakes.

use proc_macro2::{TokenStream, TokenTree};

use crate::diagnostics::{Diagnostics, Report};
use crate::paths::Paths;
use crate::vocabulary::Current;
use crate::{
    check, expand, fallback, file_policies, module_policies, named_policies, parse, vocabulary,
};

/// Expands `#[secure(arguments)] item`.
pub(crate) fn secure(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let is_function = |token| matches!(token, TokenTree::Ident(word) if word == "fn");
    let expansion = if item.clone().into_iter().any(is_function) {
        function(arguments, item)
    } else {
        match used(&arguments, &item) {
            Some(expansion) => expansion,
            None => match module_policies::secured(&arguments, &item) {
                Some(module) => module,
                None => function(arguments, item),
            },
        }
    };
    if std::env::var_os("SECURE_MACROS_DEBUG").is_some_and(|value| value == "1") {
        eprintln!("{expansion}\n");
    }
    expansion
}

/// The item, passed to the first policy that the attribute uses.
fn used(arguments: &TokenStream, item: &TokenStream) -> Option<TokenStream> {
    let (used, own) = parse::layers::used(arguments)?;
    Some(match named_policies::is_used_once(arguments) {
        Ok(()) => named_policies::apply(&used, &own, item),
        Err(report) => fallback::closed(&Paths::new(None), item.clone(), None, &report),
    })
}

fn function(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let current = vocabulary::current();
    let arguments = file_policies::with_used_policies(arguments, &item, &current.vocabulary);
    let mut paths = Paths::new(None);
    let mut expansion = match used(&arguments, &item) {
        Some(expansion) => {
            if current.is_first() {
                paths = parse::layers::root(&arguments);
            }
            expansion
        }
        None => handler(arguments, item, &current, &mut paths),
    };
    if let Some(report) = current.report(file_policies::faults) {
        expansion.extend(quote::quote!(#report));
    }
    expansion.extend(current.tracking(&paths));
    expansion
}

fn handler(
    arguments: TokenStream,
    item: TokenStream,
    current: &Current,
    paths: &mut Paths,
) -> TokenStream {
    let vocabulary = &current.vocabulary;
    let outcome = Diagnostics::gather_with_the_rest(|diagnostics| {
        let mut layers = file_policies::layers(&item, vocabulary);
        layers.append(&mut parse::layers(arguments, diagnostics));
        let root = layers.iter().filter_map(|layer| layer.declaration.root.as_ref()).next_back();
        *paths = Paths::new(root);
        let function = parse::function(item.clone(), diagnostics)?;
        check::endpoint(layers, function, vocabulary, diagnostics)
    });
    match outcome {
        Ok(endpoint) => {
            let mut expansion = expand::endpoint(&endpoint);
            expansion.extend(file_policies::assertion(&item, vocabulary, paths));
            expansion
        }
        // The names of a faulty `secure.toml` are unknown; only the mistakes of the file are
        // reported.
        Err((rest, _)) if vocabulary.is_faulty() => {
            fallback::closed(paths, item, rest.as_ref(), &Report::default())
        }
        Err((rest, mut report)) => {
            if let Some(note) = file_policies::note(&item, vocabulary) {
                report.written_elsewhere(&note);
            }
            fallback::closed(paths, item, rest.as_ref(), &report)
        }
    }
}
