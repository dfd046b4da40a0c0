//! An application with one handler per file, and its policies in the `secure.toml`.

pub mod admin;
pub mod hours;
#[macro_use]
mod macros;
pub mod policies;
pub mod shop;
