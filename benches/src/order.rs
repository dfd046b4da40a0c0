//! The body of the measured request, and its response.

use serde::{Deserialize, Serialize};

/// A new order.
#[derive(Clone, Debug, Serialize, Deserialize, validator::Validate)]
pub struct NewOrder {
    /// The recipient.
    #[validate(length(min = 1, max = 64))]
    pub customer: String,
    /// The sold items.
    #[validate(length(min = 3, max = 32))]
    pub article: String,
    /// How many.
    #[validate(range(min = 1, max = 100))]
    pub quantity: u32,
    /// Anything else.
    #[validate(length(max = 1_000_000))]
    pub note: String,
}

/// The same order with the same rules, for the version of `validator` that `actix-web-validator`
/// is built on.
#[derive(Clone, Debug, Deserialize, validator_0_20::Validate)]
#[validate(crate = "validator_0_20")]
pub struct PeerOrder {
    /// The recipient.
    #[validate(length(min = 1, max = 64))]
    pub customer: String,
    /// The sold items.
    #[validate(length(min = 3, max = 32))]
    pub article: String,
    /// How many.
    #[validate(range(min = 1, max = 100))]
    pub quantity: u32,
    /// Anything else.
    #[validate(length(max = 1_000_000))]
    pub note: String,
}

/// The response body.
#[derive(Debug, Serialize)]
pub struct Receipt {
    article: String,
    quantity: u32,
}

impl From<NewOrder> for Receipt {
    fn from(order: NewOrder) -> Self {
        Self { article: order.article, quantity: order.quantity }
    }
}

impl From<PeerOrder> for Receipt {
    fn from(order: PeerOrder) -> Self {
        Self { article: order.article, quantity: order.quantity }
    }
}

impl NewOrder {
    /// A valid order, whose length is about `note_bytes`.
    #[must_use]
    pub fn example(note_bytes: usize) -> Self {
        Self {
            customer: "Alice Example".into(),
            article: "teapot".into(),
            quantity: 2,
            note: "n".repeat(note_bytes),
        }
    }
}
