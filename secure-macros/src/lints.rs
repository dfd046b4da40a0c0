//! The table of lints: rules whose level a `secure.toml` may set.

use std::collections::BTreeMap;

use quote::ToTokens;

use crate::diagnostics::Diagnostics;

/// One rule with a level.
#[derive(Debug)]
pub(crate) struct Lint {
    /// The name in `[lints]`.
    pub(crate) name: &'static str,
    /// Its level in the profile `standard`.
    pub(crate) standard: Level,
    /// Its level in the profile `strict`.
    pub(crate) strict: Level,
}

/// The level of a lint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    /// Nothing.
    Allow,
    /// The compiler warns.
    Warn,
    /// The build fails.
    Deny,
}

/// A set of levels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Profile {
    /// Denies what is always a mistake.
    #[default]
    Standard,
    /// Everything needs a limit, and every exception a reason.
    Strict,
}

use Level::{Allow, Deny, Warn};

/// The path names an object, and every caller can request any of them.
pub(crate) const OBJECT_FOR_ANY_CALLER: Lint = lint("object-for-any-caller", Deny, Deny);
/// The path names an object, and no rule uses it.
pub(crate) const OBJECT_WITHOUT_RULE: Lint = lint("object-without-rule", Allow, Deny);
/// `objects = any` without a reason.
pub(crate) const OBJECTS_WITHOUT_REASON: Lint = lint("objects-without-reason", Allow, Deny);
/// Writes by anonymous callers have no rate limit.
pub(crate) const PUBLIC_WRITE_WITHOUT_LIMIT: Lint = lint("public-write-without-limit", Deny, Deny);
/// `public` without a reason.
pub(crate) const PUBLIC_WITHOUT_REASON: Lint = lint("public-without-reason", Allow, Deny);
/// Requests of authenticated callers have no rate limit.
pub(crate) const AUTHENTICATED_WITHOUT_LIMIT: Lint =
    lint("authenticated-without-limit", Allow, Deny);
/// Every limit is counted by a header, or by another value that the client chooses.
pub(crate) const CLIENT_CHOSEN_KEY: Lint = lint("client-chosen-key", Deny, Deny);
/// A secret in the path or the query.
pub(crate) const SECRET_IN_URL: Lint = lint("secret-in-url", Warn, Deny);
/// `web::Path` takes fewer values than the template has segments.
pub(crate) const PATH_ARITY: Lint = lint("path-arity", Deny, Deny);
/// `web::Path` takes more values than the template has segments.
pub(crate) const PATH_BEYOND_TEMPLATE: Lint = lint("path-beyond-template", Warn, Deny);
/// A body where only GET and HEAD are routed.
pub(crate) const BODY_ON_READ: Lint = lint("body-on-read", Deny, Deny);

/// A body that is not validated before the handler runs.
pub(crate) const UNVALIDATED_BODY: Lint = lint("unvalidated-body", Deny, Deny);

/// Every lint.
pub(crate) const LINTS: &[Lint] = &[
    OBJECT_FOR_ANY_CALLER,
    OBJECT_WITHOUT_RULE,
    OBJECTS_WITHOUT_REASON,
    PUBLIC_WRITE_WITHOUT_LIMIT,
    PUBLIC_WITHOUT_REASON,
    AUTHENTICATED_WITHOUT_LIMIT,
    CLIENT_CHOSEN_KEY,
    SECRET_IN_URL,
    PATH_ARITY,
    PATH_BEYOND_TEMPLATE,
    BODY_ON_READ,
    UNVALIDATED_BODY,
];

const fn lint(name: &'static str, standard: Level, strict: Level) -> Lint {
    Lint { name, standard, strict }
}

impl Level {
    /// The names in `[lints]`.
    pub(crate) const NAMES: &[(&str, Self)] =
        &[("deny", Self::Deny), ("warn", Self::Warn), ("allow", Self::Allow)];
}

impl Profile {
    /// The names in `profile`.
    pub(crate) const NAMES: &[(&str, Self)] =
        &[("standard", Self::Standard), ("strict", Self::Strict)];
}

/// The levels of one crate.
#[derive(Debug, Default)]
pub(crate) struct Levels {
    pub(crate) profile: Profile,
    /// By the lint's name.
    pub(crate) set: BTreeMap<&'static str, Level>,
}

/// A finding of a rule: its message, help and note.
pub(crate) struct Finding<'a> {
    pub(crate) lint: &'a Lint,
    pub(crate) place: &'a dyn ToTokens,
    pub(crate) message: String,
    pub(crate) help: String,
    pub(crate) note: &'a str,
}

impl Levels {
    /// The level in the file, or that of the profile.
    pub(crate) fn of(&self, lint: &Lint) -> Level {
        let by_profile = match self.profile {
            Profile::Standard => lint.standard,
            Profile::Strict => lint.strict,
        };
        self.set.get(lint.name).copied().unwrap_or(by_profile)
    }

    /// Reports a finding at the level of its lint.
    pub(crate) fn report(&self, finding: Finding<'_>, diagnostics: &mut Diagnostics) {
        let Finding { lint, place, message, help, note } = finding;
        let diagnostic = match self.of(lint) {
            Level::Allow => return,
            Level::Warn => diagnostics.warning(lint.name, place, message),
            Level::Deny => diagnostics.error(place, message),
        };
        diagnostic.help(help).note(format!("{note} (lint `{}`)", lint.name));
    }
}
