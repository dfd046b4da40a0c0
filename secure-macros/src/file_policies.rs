//! Policies for source files: the table `[policies]` of the `secure.toml`.
//!
//! A handler's file is that of its name. If a macro in another file generates the handler, the name
//! may come from there. The compiler knows the file from which the macro was called, and compares
//! the two.

use std::path::{Path, PathBuf};

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote};

use crate::diagnostics::{Diagnostics, Report, choices};
use crate::model::layers::{Layer, Origin};
use crate::model::raw::Names;
use crate::parse::layers::{HOISTED, uses};
use crate::paths::Paths;
use crate::vocabulary::{FILE, Fault, Source, Vocabulary};
use crate::{check, parse};

/// The file of a handler.
struct Place {
    /// The file as `file!()` writes it.
    shown: String,
    /// Its path from the directory of the `secure.toml`; `None` if it is unknown.
    path: Option<Vec<String>>,
}

/// The attribute with the named policies that its file's policies use: only a macro can pass them
/// on.
pub(crate) fn with_used_policies(
    arguments: TokenStream,
    item: &TokenStream,
    vocabulary: &Vocabulary,
) -> TokenStream {
    let is_done = |token| matches!(token, TokenTree::Ident(word) if word == HOISTED);
    let (sources, _) = matching(item, vocabulary);
    if sources.is_empty() || arguments.clone().into_iter().any(is_done) {
        return arguments;
    }
    let mut known: Vec<String> = uses(&arguments).iter().map(shown).collect();
    let mut with_used_policies = TokenStream::new();
    for source in sources.into_iter().filter(|source| read(source, vocabulary).is_ok()) {
        for path in source.keys.parse().iter().flat_map(uses) {
            if !known.contains(&shown(&path)) {
                known.push(shown(&path));
                with_used_policies.extend(quote!(use = #path,));
            }
        }
    }
    if with_used_policies.is_empty() {
        return arguments;
    }
    let done = format_ident!("{HOISTED}");
    quote!(#with_used_policies #done, #arguments)
}

/// The layers of the handler's file, the outermost first.
pub(crate) fn layers(item: &TokenStream, vocabulary: &Vocabulary) -> Vec<Layer> {
    let (sources, _) = matching(item, vocabulary);
    let layer =
        |source| read(source, vocabulary).unwrap_or_else(|_| Layer::mistaken(Origin::Source));
    sources.into_iter().map(layer).collect()
}

/// The note for mistakes that the attribute alone does not explain.
pub(crate) fn note(item: &TokenStream, vocabulary: &Vocabulary) -> Option<String> {
    let (sources, _) = matching(item, vocabulary);
    let patterns: Vec<&str> = sources.iter().map(|source| source.pattern.text()).collect();
    (!patterns.is_empty()).then(|| {
        format!(
            "`{FILE}` has policies for this file: {}",
            choices(&patterns).replace(" or ", " and ")
        )
    })
}

/// The assertion that the handler's file is the one whose policies apply.
pub(crate) fn assertion(item: &TokenStream, vocabulary: &Vocabulary, paths: &Paths) -> TokenStream {
    if vocabulary.sources().is_empty() {
        return TokenStream::new();
    }
    let support = paths.support();
    match matching(item, vocabulary).1 {
        Some(Place { shown, path: Some(_) }) => quote!(#support::written_in!(#shown);),
        _ => {
            let message = format!(
                "the file of this handler is unknown, and `{FILE}` has policies for files\n= help: write the handler in a file of the crate, outside of a macro"
            );
            // Editors may not know the file, and run nothing.
            quote!(#support::in_compilers! { ::core::compile_error! { #message } })
        }
    }
}

/// The mistakes in the keys of all file policies, which are reported once.
pub(crate) fn faults(vocabulary: &Vocabulary) -> Vec<Fault> {
    let mut faults = Vec::new();
    for source in vocabulary.sources() {
        if let Err(report) = read(source, vocabulary) {
            faults.extend(report.texts().into_iter().map(|(message, help)| Fault {
                message,
                help,
                ..source.place.clone()
            }));
        }
    }
    faults
}

/// The policies that apply to the item's file, and the file, if there are file policies.
fn matching<'v>(
    item: &TokenStream,
    vocabulary: &'v Vocabulary,
) -> (Vec<&'v Source>, Option<Place>) {
    let sources = vocabulary.sources();
    if sources.is_empty() {
        return (Vec::new(), None);
    }
    let place = name(item).and_then(|name| place(name.span(), vocabulary.folder()));
    let path: Option<Vec<&str>> = place
        .as_ref()
        .and_then(|place| place.path.as_ref())
        .map(|path| path.iter().map(String::as_str).collect());
    let holds = |source: &&Source| path.as_ref().is_some_and(|path| source.pattern.matches(path));
    (sources.iter().filter(holds).collect(), place)
}

/// The function's name.
fn name(item: &TokenStream) -> Option<Ident> {
    let mut tokens = item.clone().into_iter();
    tokens.find(|token| matches!(token, TokenTree::Ident(word) if word == "fn"))?;
    match tokens.next()? {
        TokenTree::Ident(name) => Some(name),
        TokenTree::Group(group) => match group.stream().into_iter().next()? {
            TokenTree::Ident(name) => Some(name),
            _ => None,
        },
        _ => None,
    }
}

fn place(span: Span, folder: Option<&Path>) -> Option<Place> {
    // Outside of a compiler, spans have no file.
    if !proc_macro::is_available() {
        return None;
    }
    let span = span.unwrap();
    let path = span.local_file().and_then(|file| from(folder?, &file));
    Some(Place { shown: span.file(), path })
}

/// The parts of the path from a folder to a file; empty for a file outside, which no pattern
/// matches.
fn from(folder: &Path, file: &Path) -> Option<Vec<String>> {
    let working: PathBuf = std::env::current_dir().ok()?;
    let file = working.join(file).canonicalize().ok()?;
    let Ok(inside) = file.strip_prefix(folder) else { return Some(Vec::new()) };
    Some(inside.iter().map(|part| part.to_string_lossy().into_owned()).collect())
}

/// The layer of a file policy.
fn read(source: &Source, vocabulary: &Vocabulary) -> Result<Layer, Report> {
    let parsed = |diagnostics: &mut Diagnostics| {
        let tokens: TokenStream = match source.keys.parse() {
            Ok(tokens) => tokens,
            Err(error) => {
                let error: proc_macro2::LexError = error;
                diagnostics.error_at(Span::call_site(), format!("expected keys, found {error}"));
                return None;
            }
        };
        for path in uses(&tokens) {
            let first = path.segments.first().is_some_and(|first| first.ident == "crate");
            if path.leading_colon.is_none() && !first {
                let message = format!(
                    "`{}` is looked up in each handler's module, expected a path that starts with `crate::`",
                    shown(&path)
                );
                diagnostics.error(&path, message).help(format!("`use = crate::{}`", shown(&path)));
            }
        }
        let own = parse::layers::without_uses(&tokens);
        let mut layer = parse::layers(own, diagnostics).pop()?;
        layer.origin = Origin::Source;
        layer.name = Some(source.pattern.text().to_owned());
        layer.tokens = tokens;
        Some(layer)
    };
    // Once to find its mistakes, and once for the handler, where it is checked again.
    Diagnostics::gather(|diagnostics| {
        let mut layer = parsed(diagnostics)?;
        opens_nothing(&layer, diagnostics);
        if layer.is_whole {
            check::layer(&mut layer, vocabulary, diagnostics);
        }
        Some(())
    })?;
    Diagnostics::gather(parsed)
}

/// An open endpoint must be visible at the handler: a policy in another file never opens it.
fn opens_nothing(layer: &Layer, diagnostics: &mut Diagnostics) {
    let public = layer.declaration.public.iter().map(|key| (key, "public"));
    let optional = layer.declaration.auth.iter().filter(|auth| Names::is_optional(auth));
    for (key, found) in public.chain(optional.map(|auth| (&auth.key, "auth = optional"))) {
        diagnostics
            .error(
                key,
                format!("a policy for files expects keys that demand something, found `{found}`"),
            )
            .help(format!("write `{found}` on each handler"));
    }
}

fn shown(path: &syn::Path) -> String {
    path.to_token_stream().to_string().replace(' ', "")
}
