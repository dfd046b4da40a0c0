//! The applications that are compared.
//!
//! `bare` is the baseline of all; `secured` uses this crate; `assembled` combines existing crates as a careful
//! user would; `handwritten` has all checks in the handler; `floor` makes only the unavoidable calls. `ruled`
//! is another route, with a rule about an object.

pub mod assembled;
pub mod bare;
pub mod claims;
pub mod floor;
pub mod handwritten;
pub mod ruled;
pub mod secured;

use std::num::NonZeroU32;

/// How many requests a caller may send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limits {
    /// A million a second: nothing that is measured is denied, and every bucket is full again when
    /// its caller's next request comes.
    Roomy,
    /// A million an hour: nothing that is measured is denied, and no bucket is full again.
    InUse,
    /// One an hour: the second request is denied.
    Tight,
}

const MILLION: NonZeroU32 = NonZeroU32::MIN.saturating_add(999_999);

impl Limits {
    /// The limit as governor takes it.
    #[must_use]
    pub fn quota(self) -> governor::Quota {
        match self {
            Self::Roomy => governor::Quota::per_second(MILLION),
            Self::InUse => governor::Quota::per_hour(MILLION),
            Self::Tight => governor::Quota::per_hour(NonZeroU32::MIN),
        }
    }
}
