//! What an application that exists needs to adopt the attribute, one route at a time.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod early_rules;
mod handlers_as_functions;
mod hidden_objects;
mod macros_together;
mod policies_of_other_crates;
