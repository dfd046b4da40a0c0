//! Warnings at startup about configurations that are legal and probably not meant.

pub(super) mod forgetful_budgets;
pub(super) mod separate_counts;
pub(super) mod unenforced_limits;
