//! The client IP, scheme and host of a request.

mod address_trust;
mod client_address;

pub(crate) use address_trust::{is_one_clients, unnamed_proxy};
pub use client_address::{
    ForwardingHeader, InvalidForwardingHeader, InvalidNetwork, SingleHeader, TrustedProxies,
};
pub(crate) use client_address::{client_address, forwarded_host, forwarded_scheme, host};
