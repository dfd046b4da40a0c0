//! Several declarations that hold together: a module's, a named policy's, the handler's own.

use super::raw::Declaration;

/// One declaration, and whose it is.
pub(crate) struct Layer {
    pub(crate) origin: Origin,
    pub(crate) declaration: Declaration,
    /// Whether it, or a policy that it uses, admits callers who are not known.
    pub(crate) is_open: bool,
    /// Whether it has no key at all, and was written all the same: it asks for a caller.
    pub(crate) is_bare: bool,
    /// Whether all of it could be read.
    pub(crate) is_whole: bool,
}

/// Where a layer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The attribute of a module around the handler.
    Module,
    /// A policy that the attribute uses.
    Policy,
    /// The handler's own attribute.
    Handler,
}

impl Origin {
    /// The layer in words.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Module => "the module",
            Self::Policy => "the policy",
            Self::Handler => "the handler",
        }
    }
}
