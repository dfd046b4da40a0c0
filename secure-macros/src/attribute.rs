//! The attribute from its tokens to its expansion: parse, check, expand, or fall back.

use proc_macro2::TokenStream;

use crate::diagnostics::Diagnostics;
use crate::paths::Paths;
use crate::{check, expand, fallback, module, parse, policy, vocabulary};

/// Expands `#[secure(arguments)] item`.
pub(crate) fn secure(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let expansion = match parse::layers::used(&arguments) {
        Some((used, own)) => match policy::is_used_once(&arguments) {
            Ok(()) => policy::apply(&used, &own, &item),
            Err(report) => fallback::closed(&Paths::new(None), item, None, &report),
        },
        None => match module::secured(&arguments, &item) {
            Some(module) => module,
            None => handler(arguments, item),
        },
    };
    if std::env::var_os("SECURE_MACROS_DEBUG").is_some_and(|value| value == "1") {
        eprintln!("{expansion}\n");
    }
    expansion
}

fn handler(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let mut paths = Paths::new(None);
    let current = vocabulary::current();
    let outcome = Diagnostics::gather_with_the_rest(|diagnostics| {
        let layers = parse::layers(arguments, diagnostics);
        let root = layers.iter().filter_map(|layer| layer.declaration.root.as_ref()).next_back();
        paths = Paths::new(root);
        let function = parse::function(item.clone(), diagnostics)?;
        current.report(diagnostics);
        check::endpoint(layers, function, &current.vocabulary, diagnostics)
    });
    let mut expansion = match outcome {
        Ok(endpoint) => expand::endpoint(&endpoint),
        Err((rest, report)) => fallback::closed(&paths, item, rest.as_ref(), &report),
    };
    expansion.extend(current.told(&paths));
    expansion
}
