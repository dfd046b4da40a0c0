//! The vocabulary, `secure.toml`: the names that policies may use, and the roles that include them.
//!
//! It is read at compile time and folded into every endpoint's rule. The program itself needs
//! neither the file nor the hierarchy.

mod bodies;
mod current;
mod document;
mod file_policies;
pub(crate) mod glob;
mod hierarchy;
mod levels;
mod named_rates;
#[cfg(test)]
mod tests;
mod tiers;
mod variants;
mod workspace;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

pub(crate) use bodies::Bodies;
pub(crate) use current::{Current, current};
pub(crate) use file_policies::Source;
pub(crate) use variants::variant;

use crate::grammar::rate::Rate;
use crate::lints::Levels;
use crate::model::legal::Fact;

/// The file's name.
pub(crate) const FILE: &str = "secure.toml";

/// The content of the file. Names of a kind that it does not list are not checked.
#[derive(Debug, Default)]
pub(crate) struct Vocabulary {
    /// The place of the file, for messages.
    place: &'static str,
    roles: Option<BTreeMap<String, Role>>,
    scopes: Option<BTreeSet<String>>,
    permissions: Option<BTreeSet<String>>,
    rates: Option<BTreeMap<String, NamedRate>>,
    tiers: Option<Vec<String>>,
    claims: Claims,
    levels: Levels,
    bodies: Bodies,
    sources: Vec<Source>,
    /// The directory of the file, with links resolved.
    folder: Option<PathBuf>,
    /// Whether the file has faults, so that its content is unknown.
    is_faulty: bool,
}

/// A named rate.
#[derive(Debug)]
pub(crate) struct NamedRate {
    pub(crate) windows: Vec<Rate>,
    /// Whether all endpoints that use it share one count.
    pub(crate) is_shared: bool,
}

/// The paths of the claims that limits count by.
#[derive(Debug, Default)]
pub(crate) struct Claims {
    pub(crate) tenant: Option<Vec<String>>,
    pub(crate) tier: Option<Vec<String>>,
}

/// A role with everything that it includes, directly or indirectly.
#[derive(Debug, Default)]
struct Role {
    /// The other roles that this one includes.
    includes: BTreeSet<String>,
    /// The permissions that its holder has; patterns are resolved.
    permissions: BTreeSet<String>,
}

/// A fault in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// Counted from 1, as editors do.
    pub(crate) line: usize,
    pub(crate) column: usize,
    /// The text of the line.
    pub(crate) text: String,
    pub(crate) message: String,
    pub(crate) help: Option<String>,
}

impl Vocabulary {
    /// Parses the bytes of the file.
    pub(crate) fn read_bytes(bytes: &[u8]) -> Result<Self, Vec<Fault>> {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::read(text),
            Err(error) => {
                let valid = bytes.get(..error.valid_up_to()).unwrap_or_default();
                let text = String::from_utf8_lossy(valid);
                let byte = bytes.get(error.valid_up_to()).copied().unwrap_or_default();
                let message = format!("expected text in UTF-8, found the byte {byte:#04x}");
                Err(vec![document::fault(&text, text.len(), message, None)])
            }
        }
    }

    /// Parses the text of the file, or returns all its faults.
    pub(crate) fn read(text: &str) -> Result<Self, Vec<Fault>> {
        let (document, mut faults) = document::read(text);
        let vocabulary = Self {
            rates: named_rates::resolve(&document, text, &mut faults),
            tiers: tiers::resolve(&document, text, &mut faults),
            claims: tiers::claims(&document, text, &mut faults),
            levels: levels::resolve(&document, text, &mut faults),
            bodies: bodies::resolve(&document, text, &mut faults),
            sources: file_policies::resolve(&document, text, &mut faults),
            ..hierarchy::resolve(&document, text, &mut faults)
        };
        if faults.is_empty() {
            return Ok(vocabulary);
        }
        faults.sort_by_key(|fault| (fault.line, fault.column));
        Err(faults)
    }

    /// The same, with this place for messages.
    fn at(self, place: &'static str) -> Self {
        Self { place, ..self }
    }

    /// The vocabulary of a faulty file.
    fn faulty() -> Self {
        Self { is_faulty: true, ..Self::default() }
    }

    /// Whether the file has faults, so that its content is unknown.
    pub(crate) fn is_faulty(&self) -> bool {
        self.is_faulty
    }

    /// The policies of source files, in the order of the file.
    pub(crate) fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// The faults of file policies without matching files.
    fn unmatched_sources(&self, folder: Option<&Path>) -> Vec<Fault> {
        folder.map(|folder| file_policies::without_files(&self.sources, folder)).unwrap_or_default()
    }

    /// The directory of the file, without links.
    pub(crate) fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    /// The file and its place, for messages.
    pub(crate) fn place(&self) -> String {
        format!("`{FILE}` {}", self.place)
    }

    /// The names of a kind; `None` if the file does not list them.
    pub(crate) fn names(&self, fact: Fact) -> Option<Vec<&str>> {
        Some(match fact {
            Fact::Role => self.roles.as_ref()?.keys().map(String::as_str).collect(),
            Fact::Scope => self.scopes.as_ref()?.iter().map(String::as_str).collect(),
            Fact::Permission => self.permissions.as_ref()?.iter().map(String::as_str).collect(),
        })
    }

    /// The named rates; `None` if the file has none.
    pub(crate) fn rates(&self) -> Option<&BTreeMap<String, NamedRate>> {
        self.rates.as_ref()
    }

    /// The tiers; `None` if the file lists none.
    pub(crate) fn tiers(&self) -> Option<&[String]> {
        self.tiers.as_deref()
    }

    /// The claims of the tenant and of the tier.
    pub(crate) fn claims(&self) -> &Claims {
        &self.claims
    }

    /// The levels of the lints; without a file, those of the profile `standard`.
    pub(crate) fn levels(&self) -> &Levels {
        &self.levels
    }

    /// The table `[bodies]`.
    pub(crate) fn bodies(&self) -> &Bodies {
        &self.bodies
    }

    /// The roles that satisfy the demand for a name because they include it.
    pub(crate) fn roles_that_imply(&self, fact: Fact, name: &str) -> Vec<&str> {
        let implies = |role: &Role| match fact {
            Fact::Role => role.includes.contains(name),
            Fact::Permission => role.permissions.contains(name),
            Fact::Scope => false,
        };
        let roles = self.roles.iter().flatten();
        roles.filter(|(_, role)| implies(role)).map(|(name, _)| name.as_str()).collect()
    }
}

/// Whether a name is well formed: a single word of visible characters.
pub(crate) fn is_well_formed(name: &str) -> bool {
    !name.is_empty() && !name.chars().any(|letter| letter.is_whitespace() || is_invisible(letter))
}

/// Whether it is a control character, or one that is invisible or changes the direction of text.
pub(crate) fn is_invisible(letter: char) -> bool {
    letter.is_control()
        || matches!(
            letter,
            '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
        )
}
