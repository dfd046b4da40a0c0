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

/// The rate limit of a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limits {
    /// A million a second: no measured request is refused, and every bucket is full again when the
    /// caller's next request arrives.
    Roomy,
    /// A million an hour: no measured request is refused, and no bucket is full again.
    InUse,
    /// One an hour: the second request is refused.
    Tight,
}

const MILLION: NonZeroU32 = NonZeroU32::MIN.saturating_add(999_999);

impl Limits {
    /// The limit in governor's type.
    #[must_use]
    pub fn quota(self) -> governor::Quota {
        match self {
            Self::Roomy => governor::Quota::per_second(MILLION),
            Self::InUse => governor::Quota::per_hour(MILLION),
            Self::Tight => governor::Quota::per_hour(NonZeroU32::MIN),
        }
    }
}
