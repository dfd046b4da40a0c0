//! Where a request comes from.

mod client_address;

pub(crate) use client_address::client_address;
pub use client_address::{
    ForwardingHeader, InvalidForwardingHeader, InvalidNetwork, SingleHeader, TrustedProxies,
};
