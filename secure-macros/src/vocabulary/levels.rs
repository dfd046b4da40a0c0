//! The profile and the levels of lints in the file.

use super::Fault;
use super::document::{Document, Name, fault};
use crate::diagnostics::{choices, nearest};
use crate::lints::{LINTS, Level, Levels, Profile};

/// Checks the levels. After a fault the result is of no use.
pub(super) fn resolve(document: &Document, text: &str, faults: &mut Vec<Fault>) -> Levels {
    let mut levels = Levels::default();
    let mut unknown = |message: &str, name: &Name, known: &[&str]| {
        let help = match nearest(&name.text, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("expected {}", choices(known)),
        };
        let message = format!("{message} `{}`", name.text);
        faults.push(fault(text, name.at, message, Some(help)));
    };
    if let Some(name) = &document.profile {
        match find(Profile::NAMES, name) {
            Some(profile) => levels.profile = profile,
            None => unknown("unknown profile", name, &words(Profile::NAMES)),
        }
    }
    for (name, level) in &document.lints {
        let lint = LINTS.iter().find(|lint| lint.name == name.text);
        if lint.is_none() {
            unknown("unknown lint", name, &LINTS.iter().map(|lint| lint.name).collect::<Vec<_>>());
        }
        match (lint, find(Level::NAMES, level)) {
            (Some(lint), Some(level)) => {
                levels.set.insert(lint.name, level);
            }
            (_, Some(_)) => {}
            (_, None) => unknown("unknown level", level, &words(Level::NAMES)),
        }
    }
    levels
}

fn find<T: Copy>(names: &[(&str, T)], written: &Name) -> Option<T> {
    names.iter().find(|(name, _)| *name == written.text).map(|(_, value)| *value)
}

fn words<T>(names: &[(&'static str, T)]) -> Vec<&'static str> {
    names.iter().map(|(name, _)| *name).collect()
}
