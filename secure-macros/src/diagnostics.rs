//! Collects every mistake of one attribute, so that one compile shows them all.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote_spanned};

/// One mistake: what was expected and found, what to type, why it matters.
#[derive(Debug)]
pub(crate) struct Diagnostic {
    start: Span,
    end: Span,
    message: String,
    help: Option<String>,
    note: Option<String>,
}

impl Diagnostic {
    /// What to type instead.
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
        for (label, line) in [("help", &self.help), ("note", &self.note)] {
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

/// The mistakes found so far.
///
/// Only [`Diagnostics::gather`] makes one, and it looks at every mistake that was put in: an
/// accumulator cannot be dropped unread.
#[derive(Debug)]
pub(crate) struct Diagnostics(Vec<Diagnostic>);

/// At least one mistake.
#[derive(Debug)]
#[must_use]
pub(crate) struct Report(Vec<Diagnostic>);

impl Diagnostics {
    /// Runs the stages: their result if they found no mistake, else all mistakes.
    pub(crate) fn gather<T>(stages: impl FnOnce(&mut Self) -> Option<T>) -> Result<T, Report> {
        let mut diagnostics = Self(Vec::new());
        match stages(&mut diagnostics) {
            Some(result) if diagnostics.0.is_empty() => return Ok(result),
            None if diagnostics.0.is_empty() => {
                diagnostics.error_at(Span::call_site(), "`#[secure]` cannot be applied here");
            }
            _ => {}
        }
        Err(Report(diagnostics.0))
    }

    /// Adds a mistake that underlines all of `place`.
    pub(crate) fn error(
        &mut self,
        place: &dyn ToTokens,
        message: impl Into<String>,
    ) -> &mut Diagnostic {
        let mut spans = place.to_token_stream().into_iter().map(|token| token.span());
        let start = spans.next().unwrap_or_else(Span::call_site);
        let end = spans.last().unwrap_or(start);
        self.push(Diagnostic { start, end, message: message.into(), help: None, note: None })
    }

    /// Adds a mistake at a span.
    pub(crate) fn error_at(&mut self, span: Span, message: impl Into<String>) -> &mut Diagnostic {
        let message = message.into();
        self.push(Diagnostic { start: span, end: span, message, help: None, note: None })
    }

    /// Adds what syn found, in its words.
    pub(crate) fn syntax(&mut self, error: &syn::Error) -> &mut Diagnostic {
        self.error_at(error.span(), error.to_string())
    }

    /// How many mistakes were found so far.
    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    fn push(&mut self, diagnostic: Diagnostic) -> &mut Diagnostic {
        let index = self.0.len();
        self.0.push(diagnostic);
        #[expect(clippy::indexing_slicing, reason = "the line above pushed the element")]
        &mut self.0[index]
    }
}

impl Report {
    /// Every message, one a mistake.
    #[cfg(test)]
    pub(crate) fn messages(&self) -> Vec<String> {
        self.0.iter().map(Diagnostic::text).collect()
    }
}

impl ToTokens for Report {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        for diagnostic in &self.0 {
            diagnostic.to_tokens(tokens);
        }
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

/// The word somebody most likely meant, if one is near enough.
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
