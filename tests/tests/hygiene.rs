//! Programs that must compile: handlers of every form, next to items that could break the expansion.
#![forbid(unsafe_code)]

#[path = "hygiene/arguments_12.rs"]
mod arguments_12;
#[path = "hygiene/arguments_16.rs"]
mod arguments_16;
#[path = "hygiene/every_key.rs"]
mod every_key;
#[path = "hygiene/generated.rs"]
mod generated;
#[path = "hygiene/generics.rs"]
mod generics;
#[path = "hygiene/layers.rs"]
mod layers;
#[path = "hygiene/no_implicit_prelude.rs"]
mod no_implicit_prelude;
#[path = "hygiene/patterns.rs"]
mod patterns;
#[path = "hygiene/renamed_crate.rs"]
mod renamed_crate;
#[path = "hygiene/returns.rs"]
mod returns;
#[path = "hygiene/routes.rs"]
mod routes;
#[path = "hygiene/rule_book.rs"]
mod rule_book;
#[path = "hygiene/rules.rs"]
mod rules;
#[path = "hygiene/shadowed_names.rs"]
mod shadowed_names;
