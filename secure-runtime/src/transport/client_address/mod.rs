//! The client IP, from trusted proxies only.
//!
//! 1. Without trusted proxies the client is the peer of the connection; no header is looked at.
//! 2. A forwarding header counts only if the peer is a trusted proxy, and only the one header that
//!    the configuration names. Another one that contradicts it is not looked at: proxies pass on
//!    what clients send, so that it may be anybody's.
//! 3. A list is read from right to left, because each proxy appends what it saw, over all its lines.
//!    With networks the first address that is no trusted proxy is the client; with a number of
//!    hops it is the entry of that number. What stands left of it is the client's word.
//! 4. With networks an entry that is no address ends the walk, and the client is the proxy that
//!    wrote it: the last one whose address is known. With hops, where no address tells a proxy from
//!    a client, an entry that is missing or no address makes the peer the client.
//! 5. A header of one address counts if it has one line and that is an address; else the client is
//!    the peer.
//! 6. An IPv4-mapped IPv6 address is the IPv4 address (RFC 4291 section 2.5.5.2); zones and ports
//!    are dropped.
//! 7. 32 entries are read at most, and an entry of more than 1024 bytes is no address.
//!
//! Deployment: list every proxy between the internet and the program, and let the outermost one
//! overwrite the header. A list that is too wide, or a number of hops that is too large, lets clients
//! choose their address. `docs/client-address.md` says which setting is for which proxy.

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

/// The client's address, canonical; `None` if the connection has none (a Unix socket) and no
/// trusted proxy says it.
pub(crate) fn client_address(
    request: &RequestHead<'_>,
    peer: Option<IpAddr>,
    proxies: Option<&TrustedProxies>,
) -> Option<IpAddr> {
    look(request, peer, proxies).0
}

/// The client's address, and the entry of a list that says it, if one does.
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

/// The first address from the right that is no proxy's.
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
