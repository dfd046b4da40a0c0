//! The layers of a policy: a file's, a module's, a named policy's, the handler's own.

use proc_macro2::TokenStream;

use super::raw::Declaration;

/// One declaration, and its origin.
pub(crate) struct Layer {
    pub(crate) origin: Origin,
    /// The module, the policy, or the pattern of files.
    pub(crate) name: Option<String>,
    /// Its keys as written.
    pub(crate) tokens: TokenStream,
    pub(crate) declaration: Declaration,
    /// Whether it, or a policy that it uses, admits anonymous callers.
    pub(crate) is_open: bool,
    /// Whether it is an attribute without keys, which requires an authenticated caller.
    pub(crate) is_bare: bool,
    /// Whether all of it was parsed.
    pub(crate) is_whole: bool,
}

impl Layer {
    /// The replacement of a layer with mistakes, which are reported where it is written.
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

/// The origin of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The `secure.toml`, for the handler's file.
    Source,
    /// The attribute of a module around the handler.
    Module,
    /// A policy that the attribute uses.
    Policy,
    /// The handler's own attribute.
    Handler,
}

impl Origin {
    /// The layer, for messages.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Source => "the policy of its file",
            Self::Module => "the module",
            Self::Policy => "the policy",
            Self::Handler => "the handler",
        }
    }
}
