//! An application with one handler per file; `secure.toml` contains its policies.

pub mod admin;
pub mod hours;
#[macro_use]
mod macros;
pub mod policies;
pub mod shop;
