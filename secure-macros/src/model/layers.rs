//! Several declarations that hold together: a module's, a named policy's, the handler's own.

use proc_macro2::TokenStream;

use super::raw::Declaration;

/// One declaration, and whose it is.
pub(crate) struct Layer {
    pub(crate) origin: Origin,
    /// The module, the policy, or the pattern of files.
    pub(crate) name: Option<String>,
    /// Its keys as they were written.
    pub(crate) tokens: TokenStream,
    pub(crate) declaration: Declaration,
    /// Whether it, or a policy that it uses, admits callers who are not known.
    pub(crate) is_open: bool,
    /// Whether it has no key at all, and was written all the same: it asks for a caller.
    pub(crate) is_bare: bool,
    /// Whether all of it could be read.
    pub(crate) is_whole: bool,
}

impl Layer {
    /// What is left of a layer with mistakes, which are told where it is written.
    pub(crate) fn mistaken(origin: Origin) -> Self {
        let declaration =
            Declaration { rule_unclear: true, bodies_unclear: true, ..Declaration::default() };
        let tokens = TokenStream::new();
        Self {
            origin,
            name: None,
            tokens,
            declaration,
            is_open: false,
            is_bare: false,
            is_whole: false,
        }
    }
}

/// Where a layer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The `secure.toml`, about the handler's file.
    Source,
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
            Self::Source => "the policy of its file",
            Self::Module => "the module",
            Self::Policy => "the policy",
            Self::Handler => "the handler",
        }
    }
}
