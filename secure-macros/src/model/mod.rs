//! The data model: an attribute as written ([`raw`]), and as a policy that obeys every rule
//! ([`legal`]).

pub(crate) mod condition;
pub(crate) mod hours;
pub(crate) mod layers;
pub(crate) mod legal;
pub(crate) mod raw;
