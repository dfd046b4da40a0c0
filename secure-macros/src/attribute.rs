//! The attribute from its tokens to its expansion: parse, check, expand, or fall back.

use proc_macro2::TokenStream;

use crate::diagnostics::Diagnostics;
use crate::paths::Paths;
use crate::{check, expand, fallback, parse, vocabulary};

/// Expands `#[secure(arguments)] item`.
pub(crate) fn secure(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let mut paths = Paths::new(None);
    let current = vocabulary::current();
    let outcome = Diagnostics::gather(|diagnostics| {
        let declaration = parse::declaration(arguments, diagnostics);
        paths = Paths::new(declaration.root.as_ref());
        let function = parse::function(item.clone(), diagnostics)?;
        current.report(diagnostics);
        check::endpoint(declaration, function, &current.vocabulary, diagnostics)
    });
    let mut expansion = match outcome {
        Ok(endpoint) => expand::endpoint(&endpoint),
        Err(report) => fallback::closed(&paths, item, &report),
    };
    expansion.extend(current.told(&paths));
    if std::env::var_os("SECURE_MACROS_DEBUG").is_some_and(|value| value == "1") {
        eprintln!("{expansion}\n");
    }
    expansion
}
