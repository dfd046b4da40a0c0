//! Finds the patterns in an expression: those of `matches!`, `match`, `if let` and `let … else`.
//!
//! A name in a pattern is a constant or a new variable, which matches every value. Only rustc can
//! tell them apart. [`super::resolution`] makes sure that the name of a constant is never a
//! variable.

use proc_macro2::{Ident, TokenStream};
use quote::ToTokens;
use syn::visit::{self, Visit};
use syn::{Expr, ExprLet, ExprMatch, Local, Macro, Pat, PatIdent};

use super::macros::MacroArguments;
use crate::parse::tokens::word_of;

/// A value and the pattern that it is matched with.
pub(super) struct Comparison {
    pub(super) value: TokenStream,
    pub(super) pattern: Pat,
    /// Whether it is a whole `matches!`, so that no code can use the variables of its pattern.
    pub(super) is_alone: bool,
}

/// Every comparison in an expression, also nested ones and those in macros.
pub(super) fn comparisons(expression: &TokenStream) -> Vec<Comparison> {
    let mut found = Comparisons::default();
    if let Ok(expression) = syn::parse2::<Expr>(expression.clone()) {
        found.visit_expr(&expression);
    }
    found.0
}

/// Whether a name is written like a constant.
pub(super) fn is_constant(name: &Ident) -> bool {
    word_of(name).text.trim_start_matches('_').starts_with(char::is_uppercase)
}

impl Comparison {
    /// The variable, if the pattern is only a variable.
    pub(super) fn takes_all(&self) -> Option<Ident> {
        takes_all(&self.pattern).filter(|_| self.is_alone)
    }

    /// The variables that the pattern binds.
    pub(super) fn bound(&self) -> Vec<Ident> {
        let mut bound = Bound::default();
        bound.visit_pat(&self.pattern);
        bound.0
    }
}

fn takes_all(pattern: &Pat) -> Option<Ident> {
    match pattern {
        Pat::Paren(inner) => takes_all(&inner.pat),
        Pat::Or(several) => several.cases.iter().find_map(takes_all),
        Pat::Ident(name) => match &name.subpat {
            None => (!is_constant(&name.ident)).then(|| name.ident.clone()),
            Some((_, inner)) => {
                let is_any = matches!(**inner, Pat::Wild(_)) || takes_all(inner).is_some();
                is_any.then(|| name.ident.clone())
            }
        },
        _ => None,
    }
}

#[derive(Default)]
struct Comparisons(Vec<Comparison>);

impl Comparisons {
    fn add(&mut self, value: &Expr, pattern: &Pat, is_alone: bool) {
        let value = value.to_token_stream();
        self.0.push(Comparison { value, pattern: pattern.clone(), is_alone });
    }
}

impl<'ast> Visit<'ast> for Comparisons {
    fn visit_expr_match(&mut self, it: &'ast ExprMatch) {
        for arm in &it.arms {
            self.add(&it.expr, &arm.pat, false);
        }
        visit::visit_expr_match(self, it);
    }

    fn visit_expr_let(&mut self, it: &'ast ExprLet) {
        self.add(&it.expr, &it.pat, false);
        visit::visit_expr_let(self, it);
    }

    fn visit_local(&mut self, it: &'ast Local) {
        if let Some(init) = it.init.as_ref().filter(|init| init.diverge.is_some()) {
            self.add(&init.expr, &it.pat, false);
        }
        visit::visit_local(self, it);
    }

    fn visit_macro(&mut self, it: &'ast Macro) {
        match MacroArguments::of(it) {
            Some(MacroArguments::Comparison { value, pattern, guard }) => {
                self.add(&value, &pattern, guard.is_none());
                self.visit_expr(&value);
                guard.iter().for_each(|guard| self.visit_expr(guard));
            }
            Some(MacroArguments::Values(values)) => {
                values.iter().for_each(|it| self.visit_expr(it))
            }
            None => {}
        }
    }
}

#[derive(Default)]
struct Bound(Vec<Ident>);

impl<'ast> Visit<'ast> for Bound {
    fn visit_pat_ident(&mut self, it: &'ast PatIdent) {
        if it.subpat.is_some() || !is_constant(&it.ident) {
            self.0.push(it.ident.clone());
        }
        visit::visit_pat_ident(self, it);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(expression: &str, names: impl Fn(&Comparison) -> Vec<Ident>) -> String {
        let found = comparisons(&expression.parse().unwrap());
        let names = found.iter().flat_map(names).map(|name| name.to_string());
        names.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_pattern_that_takes_any_value_is_a_name_and_nothing_else() {
        for (expression, expected) in [
            ("matches!(x, owner)", "owner"),
            ("::std::matches!(x, owner,)", "owner"),
            ("matches!(x, (owner))", "owner"),
            ("matches!(x, owner @ _)", "owner"),
            ("matches!(x, ROOT @ _)", "ROOT"),
            ("matches!(x, 1 | owner)", "owner"),
            ("{ assert!(matches!(x, owner)); f(|y| y && matches!(z, z)) }", "owner z"),
            ("matches!(x, true) || matches!(x, false)", ""),
            ("matches!(x, ROOT | 1 | \"a\" | Kind::Own | Some(y) | owner @ 1..=2)", ""),
            ("matches!(x, owner if owner == y)", ""),
            ("match x { owner => owner == y }", ""),
            ("unknown!(x in owner)", ""),
        ] {
            let names = found(expression, |it| it.takes_all().into_iter().collect());
            assert_eq!(names, expected, "{expression}");
        }
    }

    #[test]
    fn what_a_comparison_binds_is_not_what_it_names() {
        for (expression, expected) in [
            ("matches!(x, Some(id))", "id"),
            ("matches!(x, Key { id, kind: Kind::Own, of: (other, ROOT) } if id == 3)", "id other"),
            ("match x { Some(id) => true, it @ (1 | 2) => it > y, _ => false }", "id it"),
            ("if let Some(id) = x && let [first, ..] = y { true } else { false }", "id first"),
            ("{ let Some(id) = x else { return_early() }; id == 3 }", "id"),
            ("{ let id = x; f(|one| one == id) }", ""),
        ] {
            assert_eq!(found(expression, Comparison::bound), expected, "{expression}");
        }
    }
}
