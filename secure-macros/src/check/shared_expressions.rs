//! Rules about expressions that several handlers share, in a module or a policy: every name must
//! mean the same for each handler.
//!
//! The tokens of a macro are resolved where they are expanded. Therefore:
//!
//! 1. Each path begins at the crate (`crate::`) or outside of it (`::`), or with a name that the
//!    standard library has everywhere.
//! 2. Macros are those of the standard library, with arguments that parse as Rust: the names inside
//!    another macro would be resolved at the handler.
//! 3. A bare lower-case name is a variable: one that the expression binds, `caller`, `request`, or
//!    a parameter that each of the handlers must have.
//! 4. An expression without parameters is expanded in a module of its own, where only the traits of
//!    the prelude are in scope: see [`crate::expand`].

use proc_macro2::{Ident, TokenStream};
use quote::ToTokens;
use syn::visit::{self, Visit};
use syn::{
    Attribute, Expr, ExprCall, ExprPath, ItemUse, Lit, Macro, Pat, PatGuard, PatIdent, Path, QSelf,
    TypePath, UseTree, Visibility,
};

use super::expression_variables::scopes::is_free;
use super::macros::MacroArguments;
use super::parameters::Parameter;
use super::patterns::is_constant;
use super::resolution::standard;
use super::{enum_variants, partitions};
use crate::diagnostics::{Diagnostics, nearest};
use crate::model::condition::{ConditionKind, Expression};
use crate::model::layers::{Layer, Origin};
use crate::model::raw::{By, Cost, Declaration, PartKind};
use crate::parse::tokens::{is_word, word_of};
use crate::paths::Paths;

/// Macros whose arguments are expressions, or a pattern.
const MACROS: [&str; 9] = [
    "matches",
    "format",
    "format_args",
    "vec",
    "assert",
    "assert_eq",
    "assert_ne",
    "concat",
    "dbg",
];

/// Macros whose arguments contain no names to resolve.
const NAMELESS: [&str; 4] = ["cfg", "env", "option_env", "stringify"];

/// Marks the expressions of a shared layer, to distinguish them from a handler's own.
pub(super) fn mark(layer: &mut Layer) {
    if layer.origin == Origin::Handler {
        return;
    }
    let Declaration { allow, rates, concurrency, root, .. } = &mut layer.declaration;
    let shared = Some(Paths::new(root.as_ref()));
    for allow in allow {
        allow.shared.clone_from(&shared);
    }
    for rate in rates.iter_mut() {
        if let Some(Cost::Expression(price)) = &mut rate.cost {
            price.shared.clone_from(&shared);
        }
    }
    let of_rates = rates.iter_mut().filter_map(|rate| rate.by.as_mut());
    let all: Vec<&mut By> =
        of_rates.chain(concurrency.iter_mut().filter_map(|it| it.by.as_mut())).collect();
    for part in all.into_iter().flat_map(|by| &mut by.parts) {
        if let PartKind::Key(key) = &mut part.kind {
            key.shared.clone_from(&shared);
        }
    }
}

/// The expressions of a declaration, each with its key.
fn expressions(declaration: &Declaration) -> Vec<(&'static str, Expression)> {
    let mut found = Vec::new();
    for allow in &declaration.allow {
        allow.condition.each(&mut |part| {
            if matches!(part.kind, ConditionKind::Expression) {
                let (tokens, shared) = (part.tokens.clone(), allow.shared.clone());
                found.push(("allow", Expression { tokens, shared }));
            }
        });
    }
    let keys = partitions::all(declaration).flat_map(|by| partitions::keys(Some(by)));
    found.extend(keys.map(|key| ("key", key.clone())));
    let prices = declaration.rates.iter().filter_map(|rate| rate.price());
    found.extend(prices.map(|price| ("cost", price.clone())));
    found
}

/// A shared rule is expanded in many modules, where a bare name may mean different items.
pub(super) fn names_are_found_everywhere(layer: &Layer, diagnostics: &mut Diagnostics) {
    if layer.origin == Origin::Handler {
        return;
    }
    let mut found = Vec::new();
    for (_, expression) in expressions(&layer.declaration) {
        found.extend(Names::of(&expression.tokens).elsewhere);
    }
    let checks = layer.declaration.checks.iter();
    found.extend(checks.filter_map(|check| relative(&check.function)).map(Elsewhere::Name));
    let variants = enum_variants::names(&layer.declaration).into_iter();
    let paths = variants.filter_map(|name| syn::parse2(name.variant.path).ok());
    found.extend(paths.filter_map(|path| relative(&path)).map(Elsewhere::Name));
    let mut told: Vec<String> = Vec::new();
    for it in found {
        let message = it.message();
        if !told.contains(&message) {
            it.report(&message, diagnostics);
            told.push(message);
        }
    }
}

/// A name that is not an item of the crate must be a parameter of the handler. Returns whether all
/// of them are.
pub(super) fn variables_are_parameters(
    declaration: &Declaration,
    parameters: &[Parameter<'_>],
    diagnostics: &mut Diagnostics,
) -> bool {
    let mistakes = diagnostics.count();
    for (key, expression) in expressions(declaration) {
        if expression.shared.is_none() {
            continue;
        }
        let words: &[&str] = if key == "cost" { &[] } else { &["caller", "request"] };
        for word in Names::of(&expression.tokens).variables {
            let name = word_of(&word).text;
            if words.contains(&name.as_str()) || parameters.iter().any(|it| it.binds(&name)) {
                continue;
            }
            let message = format!("`{key}` expects a parameter of the handler, found `{name}`");
            let names = parameters.iter().flat_map(|it| &it.names).map(String::as_str);
            let help = match nearest(&name, names) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("every handler with this policy needs a parameter `{name}`"),
            };
            diagnostics.error(&word, message).help(help);
            break;
        }
    }
    diagnostics.count() == mistakes
}

/// A part of an expression whose meaning depends on the handler's module.
enum Elsewhere {
    Name(Ident),
    Macro(Ident),
    /// Tokens whose names are unknown.
    Unread(TokenStream),
}

impl Elsewhere {
    fn message(&self) -> String {
        match self {
            Self::Name(name) => format!(
                "`{name}` is looked up in each handler's module, expected a path that starts with `crate::`"
            ),
            Self::Macro(name) => format!(
                "`{name}!` is expanded in each handler's module, expected a function of the crate"
            ),
            Self::Unread(_) => String::from(
                "the names in this expression cannot be resolved, expected a function of the crate",
            ),
        }
    }

    fn report(&self, message: &str, diagnostics: &mut Diagnostics) {
        let place: &dyn ToTokens = match self {
            Self::Name(name) | Self::Macro(name) => name,
            Self::Unread(tokens) => tokens,
        };
        let diagnostic = diagnostics.error(place, message);
        match self {
            Self::Name(_) => diagnostic
                .help("write the path from the crate: `crate::…`")
                .note("a handler's module may have another item of that name"),
            Self::Macro(_) | Self::Unread(_) => diagnostic
                .help("call the macro in a function, and that function by its path: `crate::…(caller)`")
                .note("names inside a macro are looked up in each handler's module"),
        };
    }
}

/// The first word of a path, if its meaning depends on the module.
fn relative(path: &Path) -> Option<Ident> {
    let first = &path.segments.first()?.ident;
    let is_absolute = path.leading_colon.is_some()
        || first == "crate"
        || first == "$crate"
        || standard(first).is_some();
    (!is_absolute).then(|| first.clone())
}

/// The names that an expression uses.
struct Names<'a> {
    whole: &'a TokenStream,
    elsewhere: Vec<Elsewhere>,
    /// Names that it does not bind.
    variables: Vec<Ident>,
    /// Whether the visitor is in a pattern, where names are constants and not variables.
    in_pattern: bool,
}

impl<'a> Names<'a> {
    fn of(whole: &'a TokenStream) -> Self {
        let mut names =
            Self { whole, elsewhere: Vec::new(), variables: Vec::new(), in_pattern: false };
        match syn::parse2::<Expr>(whole.clone()) {
            Ok(expression) => names.visit_expr(&expression),
            Err(_) => names.elsewhere.push(Elsewhere::Unread(whole.clone())),
        }
        names
    }

    /// A name that is used as a value.
    fn value(&mut self, word: &Ident, is_called: bool) {
        let name = word_of(word).text;
        if word == "self" || self.in_pattern && standard(word).is_none() {
            self.elsewhere.push(Elsewhere::Name(word.clone()));
        } else if standard(word).is_none() && is_free(self.whole, &name) {
            if is_called || is_constant(word) {
                self.elsewhere.push(Elsewhere::Name(word.clone()));
            } else {
                self.variables.push(word.clone());
            }
        }
    }

    /// A path after a type in angle brackets: `<T>::new`, `<T as crate::Trait>::new`.
    fn qualified(&mut self, of: &QSelf, path: &Path) {
        self.visit_type(&of.ty);
        if of.position > 0 {
            self.visit_path(path);
        } else {
            path.segments.iter().for_each(|it| self.visit_path_arguments(&it.arguments));
        }
    }

    fn standard_macro(&mut self, called: &Macro, name: &Ident) {
        if NAMELESS.iter().any(|it| name == it) {
            return;
        }
        match MacroArguments::of(called) {
            Some(MacroArguments::Comparison { value, pattern, guard }) => {
                self.visit_expr(&value);
                self.visit_pat(&pattern);
                guard.iter().for_each(|guard| self.visit_expr(guard));
            }
            Some(MacroArguments::Values(values)) => {
                for value in &values {
                    self.visit_expr(value);
                    if let Expr::Lit(literal) = value
                        && let Lit::Str(text) = &literal.lit
                    {
                        let captured = captured(&text.value());
                        let words = captured.iter().filter_map(|it| syn::parse_str(it).ok());
                        for mut word in words.collect::<Vec<Ident>>() {
                            word.set_span(text.span());
                            self.value(&word, false);
                        }
                    }
                }
            }
            None => self.elsewhere.push(Elsewhere::Macro(name.clone())),
        }
    }
}

impl<'ast> Visit<'ast> for Names<'_> {
    fn visit_path(&mut self, path: &'ast Path) {
        self.elsewhere.extend(relative(path).map(Elsewhere::Name));
        visit::visit_path(self, path);
    }

    fn visit_expr_path(&mut self, it: &'ast ExprPath) {
        match (&it.qself, it.path.get_ident()) {
            (Some(of), _) => self.qualified(of, &it.path),
            (None, Some(word)) => self.value(word, false),
            (None, None) => self.visit_path(&it.path),
        }
    }

    fn visit_type_path(&mut self, it: &'ast TypePath) {
        match &it.qself {
            Some(of) => self.qualified(of, &it.path),
            None => self.visit_path(&it.path),
        }
    }

    fn visit_expr_call(&mut self, it: &'ast ExprCall) {
        match &*it.func {
            Expr::Path(ExprPath { qself: None, path, .. }) if path.get_ident().is_some() => {
                path.get_ident().into_iter().for_each(|word| self.value(word, true));
            }
            function => self.visit_expr(function),
        }
        it.args.iter().for_each(|argument| self.visit_expr(argument));
    }

    fn visit_pat_ident(&mut self, it: &'ast PatIdent) {
        if it.subpat.is_none() && is_constant(&it.ident) && standard(&it.ident).is_none() {
            self.elsewhere.push(Elsewhere::Name(it.ident.clone()));
        }
        visit::visit_pat_ident(self, it);
    }

    fn visit_pat(&mut self, it: &'ast Pat) {
        let outer = std::mem::replace(&mut self.in_pattern, true);
        visit::visit_pat(self, it);
        self.in_pattern = outer;
    }

    fn visit_pat_guard(&mut self, it: &'ast PatGuard) {
        self.visit_pat(&it.pat);
        self.in_pattern = false;
        self.visit_expr(&it.guard);
    }

    fn visit_macro(&mut self, it: &'ast Macro) {
        let Some(last) = it.path.segments.last() else { return };
        let first = it.path.segments.first().map(|first| &first.ident);
        let is_of_the_library = it.path.get_ident().is_some()
            || first.is_some_and(|first| is_word(first, "std") || is_word(first, "core"));
        let is_known = MACROS.iter().chain(&NAMELESS).any(|name| last.ident == name);
        if is_of_the_library && is_known {
            self.standard_macro(it, &last.ident);
        } else {
            self.elsewhere.push(Elsewhere::Macro(last.ident.clone()));
        }
    }

    fn visit_item_use(&mut self, it: &'ast ItemUse) {
        let is_absolute = it.leading_colon.is_some()
            || matches!(&it.tree, UseTree::Path(path)
                if path.ident == "crate" || path.ident == "$crate");
        if !is_absolute {
            self.elsewhere.push(Elsewhere::Unread(it.tree.to_token_stream()));
        }
    }

    fn visit_attribute(&mut self, _: &'ast Attribute) {}

    fn visit_visibility(&mut self, _: &'ast Visibility) {}

    /// Syntax that syn does not parse.
    fn visit_token_stream(&mut self, tokens: &'ast TokenStream) {
        self.elsewhere.push(Elsewhere::Unread(tokens.clone()));
    }
}

/// The names that a format string captures: `{id}`, `{id:?}`, `{:width$}`.
fn captured(text: &str) -> Vec<String> {
    let text = text.replace("{{", "");
    let inside = text.split('{').skip(1).filter_map(|part| part.split('}').next());
    let mut names = Vec::new();
    for placeholder in inside {
        let (name, form) = placeholder.split_once(':').unwrap_or((placeholder, ""));
        names.push(name.trim().to_owned());
        let is_letter = |letter: char| letter.is_alphanumeric() || letter == '_';
        for before_dollar in form.split('$').rev().skip(1) {
            let name = before_dollar.rsplit(|letter| !is_letter(letter)).next();
            names.extend(name.map(str::to_owned));
        }
    }
    names
}
