//! What an application that exists needs to adopt the attribute, one route at a time: a file for each need.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod handlers_as_functions;
mod hidden_objects;
mod multipart_forms;
mod own_answers;
mod own_problems;
mod pages;
mod validated_bodies;
