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

/// What happens to code that a lint is about.
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
    /// What is a mistake wherever it stands.
    #[default]
    Standard,
    /// Everything is bounded, and every exception has its reason.
    Strict,
}

use Level::{Allow, Deny, Warn};

/// An object of the path, and nothing demanded of who asks for it.
pub(crate) const OBJECT_FOR_ANY_CALLER: Lint = lint("object-for-any-caller", Deny, Deny);
/// An object of the path, and no rule that looks at it.
pub(crate) const OBJECT_WITHOUT_RULE: Lint = lint("object-without-rule", Allow, Deny);
/// `objects = any`.
pub(crate) const OBJECTS_WITHOUT_REASON: Lint = lint("objects-without-reason", Allow, Deny);
/// Anonymous callers may write as often as they like.
pub(crate) const PUBLIC_WRITE_WITHOUT_LIMIT: Lint = lint("public-write-without-limit", Deny, Deny);
/// `public` alone.
pub(crate) const PUBLIC_WITHOUT_REASON: Lint = lint("public-without-reason", Allow, Deny);
/// A caller may ask as often as they like.
pub(crate) const AUTHENTICATED_WITHOUT_LIMIT: Lint =
    lint("authenticated-without-limit", Allow, Deny);
/// No limit but those that count by a header, or by something else that the request says.
pub(crate) const CLIENT_CHOSEN_KEY: Lint = lint("client-chosen-key", Deny, Deny);
/// A secret in the path or the query.
pub(crate) const SECRET_IN_URL: Lint = lint("secret-in-url", Warn, Deny);
/// `web::Path` takes fewer values than the template has segments.
pub(crate) const PATH_ARITY: Lint = lint("path-arity", Deny, Deny);
/// `web::Path` takes more values than the template has segments.
pub(crate) const PATH_BEYOND_TEMPLATE: Lint = lint("path-beyond-template", Warn, Deny);
/// A body where only GET and HEAD are routed.
pub(crate) const BODY_ON_READ: Lint = lint("body-on-read", Deny, Deny);

/// A body that nothing validates before the handler.
pub(crate) const UNVALIDATED_BODY: Lint = lint("unvalidated-body", Deny, Deny);

/// Every lint there is.
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
    /// As `[lints]` writes it.
    pub(crate) const NAMES: &[(&str, Self)] =
        &[("deny", Self::Deny), ("warn", Self::Warn), ("allow", Self::Allow)];
}

impl Profile {
    /// As `profile` writes it.
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

/// What a rule found: its message, what to type, why it matters.
pub(crate) struct Finding<'a> {
    pub(crate) lint: &'a Lint,
    pub(crate) place: &'a dyn ToTokens,
    pub(crate) message: String,
    pub(crate) help: String,
    pub(crate) note: &'a str,
}

impl Levels {
    /// What the file says of the lint, else what the profile does.
    pub(crate) fn of(&self, lint: &Lint) -> Level {
        let by_profile = match self.profile {
            Profile::Standard => lint.standard,
            Profile::Strict => lint.strict,
        };
        self.set.get(lint.name).copied().unwrap_or(by_profile)
    }

    /// Tells what was found, at the level of its lint.
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
