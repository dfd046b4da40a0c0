//! Where a request comes from.

mod believable;
mod client_address;

pub(crate) use believable::{is_one_clients, unnamed_proxy};
pub use client_address::{
    ForwardingHeader, InvalidForwardingHeader, InvalidNetwork, SingleHeader, TrustedProxies,
};
pub(crate) use client_address::{client_address, forwarded_host, forwarded_scheme, host};
