//! Rules about `action`: names that the application's own policy decides on.

use crate::diagnostics::Diagnostics;
use crate::model::raw::{Declaration, Name};
use crate::vocabulary::is_invisible;

/// The name appears in policies, logs and the inventory, so it must be one visible word.
pub(super) fn names_are_words(declaration: &Declaration, diagnostics: &mut Diagnostics) {
    for name in names(declaration) {
        let is_visible = |letter: char| !letter.is_whitespace() && !is_invisible(letter);
        if name.text.is_empty() {
            diagnostics
                .error(name, "`action` expects a name, found an empty one")
                .help("`action` alone uses the handler's module path and name");
        } else if !name.text.chars().all(is_visible) {
            let message = format!("`action` expects one visible word, found `{:?}`", name.text);
            diagnostics.error(name, message).help("`action = \"secrets:list\"`");
        }
    }
}

/// The actions of all layers, the outermost first, without duplicates; an empty list means the
/// handler's name.
pub(super) fn named(declaration: &Declaration) -> Option<Vec<String>> {
    let mut texts: Vec<String> = Vec::new();
    for name in names(declaration) {
        if !texts.contains(&name.text) {
            texts.push(name.text.clone());
        }
    }
    (!declaration.actions.is_empty()).then_some(texts)
}

fn names(declaration: &Declaration) -> impl Iterator<Item = &Name> {
    declaration.actions.iter().filter_map(|action| action.name.as_ref())
}
