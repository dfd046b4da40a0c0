//! Parses tokens into the raw model: the syntax of the attribute and of the function, without
//! rules.

pub(crate) mod action;
pub(crate) mod allow;
pub(crate) mod concurrency;
pub(crate) mod entry;
mod enum_variants;
pub(crate) mod exceptions;
pub(crate) mod failures;
pub(crate) mod function;
pub(crate) mod keys;
pub(crate) mod layers;
pub(crate) mod names;
mod network;
pub(crate) mod operators;
mod partition;
pub(crate) mod rate_key;
mod rate_options;
pub(crate) mod scalars;
pub(crate) mod tokens;
pub(crate) mod unfinished;

pub(crate) use entry::declaration;
pub(crate) use function::function;
pub(crate) use layers::layers;
