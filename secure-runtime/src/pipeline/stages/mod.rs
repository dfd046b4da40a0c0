//! The stages of a request. [`order`](super::order) has their order.
//!
//! - stages: [`load`], [`failures`], [`authentication`], [`handshake`], [`rules`], [`decision`],
//!   [`concurrency`], [`extraction`], [`body`]; rate limits are in [`limits`](super::limits)
//! - bans: [`failure_budgets`] counts failures, [`bans`] is the interface for operators,
//!   [`claimed_account`] is the function for login handlers
//! - the body: [`request_body`] holds it; [`announced`], [`sizes`], [`content_coding`],
//!   [`counted_body`] and [`timed_body`] check it
//! - extractors: [`caller`], [`typed_caller`], [`request_time`]; [`errors`] turns the errors of any
//!   extractor into refusals

mod announced;
pub(super) mod authentication;
pub(super) mod ban_lookup;
pub(super) mod body;
pub(super) mod caller;
pub(super) mod claimed_account;
pub(super) mod concurrency;
pub(super) mod content_coding;
pub(super) mod counted_body;
pub(super) mod decision;
pub(super) mod errors;
pub(super) mod extraction;
pub(super) mod failure_budgets;
pub(super) mod failures;
pub(super) mod handshake;
pub(super) mod load;
#[cfg(feature = "multipart")]
pub(super) mod multipart_errors;
pub(super) mod request_body;
mod request_time;
pub(super) mod rules;
pub(super) mod size_warning;
mod timed_body;
pub(super) mod typed_caller;
