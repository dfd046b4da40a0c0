//! The client IP, from trusted proxies only.
//!
//! 1. Without trusted proxies, the client is the peer of the connection; headers are ignored.
//! 2. A forwarding header counts only if the peer is a trusted proxy, and only the one header that
//!    the configuration names. Other forwarding headers are ignored even if they contradict it, because
//!    proxies pass on headers that clients send.
//! 3. A list is read from right to left over all its lines, because each proxy appends the address of its
//!    peer. With networks, the first address that is not a trusted proxy is the client; with a number of
//!    hops, it is the entry of that number. The client may have written all entries to the left of it.
//! 4. With networks, an entry that is not an address ends the search, and the client is the proxy that
//!    wrote it: the last one with a known address. With hops, proxies and clients cannot be distinguished by
//!    address, so if the entry is missing or not an address, the peer is the client.
//! 5. A header of one address counts if it has one line that is an address; otherwise the client is
//!    the peer.
//! 6. An IPv4-mapped IPv6 address is the IPv4 address (RFC 4291 section 2.5.5.2); zones and ports
//!    are dropped.
//! 7. At most 32 entries are read, and an entry of more than 1024 bytes is not an address.
//!
//! Deployment: list every proxy between the internet and the program, and let the outermost one
//! overwrite the header. A list that is too wide, or a number of hops that is too large, lets clients
//! choose their address. `docs/client-address.md` lists the settings for each proxy.

mod entries;
mod forwarded;
#[cfg(test)]
mod properties;
mod proxies;
#[cfg(test)]
mod spoofing_tests;
#[cfg(test)]
mod tests;

pub(crate) use forwarded::{forwarded_host, forwarded_scheme, host};
pub use proxies::{
    ForwardingHeader, InvalidForwardingHeader, InvalidNetwork, SingleHeader, TrustedProxies,
};

use std::net::IpAddr;

use crate::request::RequestHead;
use entries::{Entries, List, node_address};

/// The client IP in canonical form; `None` if the connection has no address (a Unix socket) and no trusted
/// proxy sends one.
pub(crate) fn client_address(
    request: &RequestHead<'_>,
    peer: Option<IpAddr>,
    proxies: Option<&TrustedProxies>,
) -> Option<IpAddr> {
    look(request, peer, proxies).0
}

/// The client IP, and the entry of the list that it comes from, if there is one.
fn look<'a>(
    request: &RequestHead<'a>,
    peer: Option<IpAddr>,
    proxies: Option<&TrustedProxies>,
) -> (Option<IpAddr>, Option<&'a [u8]>) {
    let peer = peer.map(|address| address.to_canonical());
    let Some(proxies) = proxies.filter(|proxies| proxies.trusts_peer(peer)) else {
        return (peer, None);
    };
    let list = match &proxies.header {
        ForwardingHeader::XForwardedFor => List::XForwardedFor,
        ForwardingHeader::Forwarded => List::Forwarded,
        ForwardingHeader::Single(name) => {
            let mut lines = request.lines_of(name.field());
            let address = match (lines.next(), lines.next()) {
                (Some(line), None) => node_address(line.trim_ascii()).or(peer),
                _ => peer,
            };
            return (address, None);
        }
    };
    let mut entries = Entries::new(request, list);
    match (proxies.hops, peer) {
        (Some(hops), peer) => {
            let entry = hops.checked_sub(1).and_then(|place| entries.nth(place.into()));
            let said = entry.and_then(|entry| Some((list.address(entry)?, entry)));
            said.map_or((peer, None), |(address, entry)| (Some(address), Some(entry)))
        }
        (None, Some(peer)) => walk(entries, list, peer, proxies),
        (None, None) => (None, None),
    }
}

/// The first address from the right that is not a proxy's.
fn walk<'a>(
    entries: Entries<'a>,
    list: List,
    peer: IpAddr,
    proxies: &TrustedProxies,
) -> (Option<IpAddr>, Option<&'a [u8]>) {
    let mut client = (peer, None);
    for entry in entries {
        let Some(address) = list.address(entry) else { break };
        client = (address, Some(entry));
        if !proxies.trusts(address) {
            break;
        }
    }
    (Some(client.0), client.1)
}
