//! Collects every mistake of one attribute, so that one compile shows them all.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};

/// One mistake: a message (expected and found), a help (what to write), a note (why it matters).
#[derive(Debug)]
pub(crate) struct Diagnostic {
    start: Span,
    end: Span,
    message: String,
    help: Option<String>,
    note: Option<String>,
    /// The place where the mistake may be written, if not where it is shown.
    elsewhere: Option<String>,
}

impl Diagnostic {
    fn new(place: &dyn ToTokens, message: String) -> Self {
        let mut spans = place.to_token_stream().into_iter().map(|token| token.span());
        let start = spans.next().unwrap_or_else(Span::call_site);
        let end = spans.last().unwrap_or(start);
        Self { start, end, message, help: None, note: None, elsewhere: None }
    }

    /// What to write instead.
    pub(crate) fn help(&mut self, help: impl Into<String>) -> &mut Self {
        self.help = Some(help.into());
        self
    }

    /// Why the mistake would be unsafe.
    pub(crate) fn note(&mut self, note: impl Into<String>) -> &mut Self {
        self.note = Some(note.into());
        self
    }

    /// The message as rustc shows it: the sub-lines render like its own.
    fn text(&self) -> String {
        let mut text = self.message.clone();
        let lines = [("help", &self.help), ("note", &self.note), ("note", &self.elsewhere)];
        for (label, line) in lines {
            if let Some(line) = line {
                text.push_str("\n= ");
                text.push_str(label);
                text.push_str(": ");
                text.push_str(line);
            }
        }
        text
    }
}

impl ToTokens for Diagnostic {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        // rustc underlines from the first token of the invocation to its closing brace.
        let text = self.text();
        let message = quote_spanned!(self.end=> { #text });
        tokens.extend(quote_spanned!(self.start=> ::core::compile_error! #message));
    }
}

/// A warning of the compiler.
#[derive(Debug)]
pub(crate) struct Warning {
    /// The lint's name, as a constant has it.
    name: String,
    text: String,
    place: Span,
}

impl ToTokens for Warning {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        // Use of a deprecated item: the only warning with its own text on stable Rust, at the place
        // where the item is used.
        let (name, text) = (Ident::new(&self.name, self.place), &self.text);
        tokens.extend(quote! {
            const _: () = {
                #[deprecated(note = #text)]
                const #name: () = ();
                #name
            };
        });
    }
}

/// The mistakes found so far, and the warnings.
///
/// Only [`Diagnostics::gather`] creates one, and it reports every mistake: none can be dropped
/// unread.
#[derive(Debug, Default)]
pub(crate) struct Diagnostics {
    mistakes: Vec<Diagnostic>,
    warnings: Vec<(&'static str, Diagnostic)>,
}

/// At least one mistake; none if they are reported elsewhere.
#[derive(Debug, Default)]
#[must_use]
pub(crate) struct Report {
    mistakes: Vec<Diagnostic>,
    warnings: Vec<Warning>,
}

impl Diagnostics {
    /// Runs the stages: returns their result if they found no mistake, otherwise all mistakes.
    pub(crate) fn gather<T>(stages: impl FnOnce(&mut Self) -> Option<T>) -> Result<T, Report> {
        Self::gather_with_the_rest(stages).map_err(|(_, report)| report)
    }

    /// The same, and also the result of the stages in spite of mistakes: for editors, never to be
    /// executed.
    pub(crate) fn gather_with_the_rest<T>(
        stages: impl FnOnce(&mut Self) -> Option<T>,
    ) -> Result<T, (Option<T>, Report)> {
        let mut diagnostics = Self::default();
        let rest = match stages(&mut diagnostics) {
            Some(result) if diagnostics.mistakes.is_empty() => return Ok(result),
            Some(rest) => Some(rest),
            None => None,
        };
        if diagnostics.mistakes.is_empty() {
            diagnostics.error_at(Span::call_site(), "`#[secure]` cannot be applied here");
        }
        let warnings = diagnostics.warnings();
        Err((rest, Report { mistakes: diagnostics.mistakes, warnings }))
    }

    /// Adds a mistake that underlines all of `place`.
    pub(crate) fn error(
        &mut self,
        place: &dyn ToTokens,
        message: impl Into<String>,
    ) -> &mut Diagnostic {
        push(&mut self.mistakes, Diagnostic::new(place, message.into()))
    }

    /// Adds a warning, by the name of its lint, at the first token of `place`.
    pub(crate) fn warning(
        &mut self,
        lint: &'static str,
        place: &dyn ToTokens,
        message: impl Into<String>,
    ) -> &mut Diagnostic {
        let diagnostic = Diagnostic::new(place, message.into());
        &mut push(&mut self.warnings, (lint, diagnostic)).1
    }

    /// The warnings, for the expansion.
    pub(crate) fn warnings(&self) -> Vec<Warning> {
        let warning = |(lint, diagnostic): &(&str, Diagnostic)| Warning {
            name: lint.to_uppercase().replace('-', "_"),
            text: diagnostic.text(),
            place: diagnostic.start,
        };
        self.warnings.iter().map(warning).collect()
    }

    /// Adds a mistake at a span.
    pub(crate) fn error_at(&mut self, span: Span, message: impl Into<String>) -> &mut Diagnostic {
        let message = message.into();
        let (help, note, elsewhere) = (None, None, None);
        let mistake = Diagnostic { start: span, end: span, message, help, note, elsewhere };
        push(&mut self.mistakes, mistake)
    }

    /// Adds an error of syn, with its message.
    pub(crate) fn syntax(&mut self, error: &syn::Error) -> &mut Diagnostic {
        self.error_at(error.span(), error.to_string())
    }

    /// The number of mistakes so far.
    pub(crate) fn count(&self) -> usize {
        self.mistakes.len()
    }
}

fn push<T>(list: &mut Vec<T>, element: T) -> &mut T {
    let index = list.len();
    list.push(element);
    #[expect(clippy::indexing_slicing, reason = "the line above pushed the element")]
    &mut list[index]
}

impl Report {
    /// The first line and the help of each mistake.
    pub(crate) fn texts(&self) -> Vec<(String, Option<String>)> {
        self.mistakes
            .iter()
            .map(|mistake| (mistake.message.clone(), mistake.help.clone()))
            .collect()
    }

    /// Adds a note to mistakes that are shown at the whole attribute, because their tokens come
    /// from elsewhere.
    pub(crate) fn written_elsewhere(&mut self, note: &str) {
        // Spans can only be compared by their `Debug` output.
        let attribute = format!("{:?}", Span::call_site());
        let shown = self.mistakes.iter_mut().filter(|it| format!("{:?}", it.start) == attribute);
        shown.for_each(|mistake| mistake.elsewhere = Some(note.to_owned()));
    }

    /// The message of each mistake.
    #[cfg(test)]
    pub(crate) fn messages(&self) -> Vec<String> {
        self.mistakes.iter().map(Diagnostic::text).collect()
    }
}

impl ToTokens for Report {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.mistakes.iter().for_each(|mistake| mistake.to_tokens(tokens));
        self.warnings.iter().for_each(|warning| warning.to_tokens(tokens));
    }
}

/// `` `a`, `b` or `c` ``: the words of a closed list.
pub(crate) fn choices(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [only] => format!("`{only}`"),
        [rest @ .., last] => {
            let rest: Vec<String> = rest.iter().map(|word| format!("`{word}`")).collect();
            format!("{} or `{last}`", rest.join(", "))
        }
    }
}

/// The nearest word, if one is near enough.
pub(crate) fn nearest<'a>(
    found: &str,
    words: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let found = found.to_lowercase();
    words
        .into_iter()
        .map(|word| (strsim::jaro_winkler(&found, &word.to_lowercase()), word))
        .filter(|(similarity, _)| *similarity >= 0.78)
        .max_by(|(left, _), (right, _)| left.total_cmp(right))
        .map(|(_, word)| word)
}
