//! The vocabulary, `secure.toml`: which names a policy may use, and which roles stand for them.
//!
//! It is read while the program is compiled and folded into every endpoint's rule: the program
//! itself needs neither the file nor the hierarchy.

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

/// What the file says. A kind of name that it does not list is taken as it is.
#[derive(Debug, Default)]
pub(crate) struct Vocabulary {
    /// Where the file stands, for messages.
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
    /// The directory of the file, without links.
    folder: Option<PathBuf>,
    /// Whether something is wrong with the file, so that nothing is known of what it says.
    is_faulty: bool,
}

/// A rate with a name.
#[derive(Debug)]
pub(crate) struct NamedRate {
    pub(crate) windows: Vec<Rate>,
    /// Whether all endpoints that use it count together.
    pub(crate) is_shared: bool,
}

/// Where tokens name what limits count by: the claim, and those inside of it.
#[derive(Debug, Default)]
pub(crate) struct Claims {
    pub(crate) tenant: Option<Vec<String>>,
    pub(crate) tier: Option<Vec<String>>,
}

/// A role with everything it comes to, however far down it is included.
#[derive(Debug, Default)]
struct Role {
    /// The other roles that this one stands for.
    includes: BTreeSet<String>,
    /// The permissions that its holder has; patterns are resolved.
    permissions: BTreeSet<String>,
}

/// A mistake in the file.
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
    /// Reads the bytes of the file, which are text.
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

    /// Reads the text of the file, or finds everything that is wrong with it.
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

    /// The same, said to stand there.
    fn at(self, place: &'static str) -> Self {
        Self { place, ..self }
    }

    /// What is known of a file with mistakes.
    fn faulty() -> Self {
        Self { is_faulty: true, ..Self::default() }
    }

    /// Whether something is wrong with the file, so that nothing is known of what it says.
    pub(crate) fn is_faulty(&self) -> bool {
        self.is_faulty
    }

    /// The policies of source files, in the order of the file.
    pub(crate) fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// What is wrong with the policies of files that there are none of.
    fn idle_sources(&self, folder: Option<&Path>) -> Vec<Fault> {
        folder.map(|folder| file_policies::without_files(&self.sources, folder)).unwrap_or_default()
    }

    /// The directory of the file, without links.
    pub(crate) fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    /// Where its names are listed, in words.
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

    /// Where tokens name the tenant and the tier.
    pub(crate) fn claims(&self) -> &Claims {
        &self.claims
    }

    /// The levels of the lints; without a file, those of the profile `standard`.
    pub(crate) fn levels(&self) -> &Levels {
        &self.levels
    }

    /// What the file says of bodies.
    pub(crate) fn bodies(&self) -> &Bodies {
        &self.bodies
    }

    /// The roles whose holders satisfy the demand for a name without having it in their token.
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

/// Whether a name can be one: a single word of visible characters.
pub(crate) fn is_well_formed(name: &str) -> bool {
    !name.is_empty() && !name.chars().any(|letter| letter.is_whitespace() || is_invisible(letter))
}

/// Control characters, and those that print nothing or change the direction of text.
pub(crate) fn is_invisible(letter: char) -> bool {
    letter.is_control()
        || matches!(
            letter,
            '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
        )
}
