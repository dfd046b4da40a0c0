//! Decides whether a client IP is reliable enough for default limits and bans by address.
//!
//! 1. With trusted proxies, it is reliable unless it is a proxy's address: then no proxy has sent the client's.
//!    If proxies are configured by number only, the peer may be a proxy.
//! 2. Without trusted proxies, a private address may be that of an unconfigured load balancer, shared by all
//!    clients. The same holds for the public address of a request with the headers of a proxy.
//! 3. An empty list of proxies states that there are none: the peer is the client.

use std::net::{IpAddr, Ipv4Addr};

use super::TrustedProxies;
use crate::request::RequestHead;

/// Whether an address, found by [`client_address`](super::client_address), belongs to one client.
pub(crate) fn is_one_clients(
    address: Option<IpAddr>,
    peer: Option<IpAddr>,
    request: &RequestHead<'_>,
    proxies: Option<&TrustedProxies>,
) -> bool {
    match (address, proxies) {
        (None, _) => false,
        (Some(address), Some(proxies)) if proxies.are_named() => !proxies.trusts(address),
        (Some(address), Some(_)) => peer.map(|peer| peer.to_canonical()) != Some(address),
        (Some(address), None) => is_public(address) && !comes_by_a_proxy(request),
    }
}

fn comes_by_a_proxy(request: &RequestHead<'_>) -> bool {
    SIGNS.iter().any(|name| request.header(name).is_some())
}

/// The header that shows that a peer with a private address is a proxy.
pub(crate) fn unnamed_proxy(
    request: &RequestHead<'_>,
    peer: Option<IpAddr>,
) -> Option<&'static str> {
    if peer.is_none_or(|peer| is_public(peer.to_canonical())) {
        return None;
    }
    let forwarding = ["x-forwarded-for", "forwarded", "x-real-ip"];
    forwarding.into_iter().find(|name| request.header(name).is_some())
}

/// Headers that proxies and content delivery networks add to a request.
const SIGNS: [&str; 5] = ["forwarded", "via", "x-forwarded-for", "x-real-ip", "cdn-loop"];

/// Whether an address is routed on the internet: those of the registries for special purposes are not
/// (RFC 6890).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            let [first, second, third, _] = address.octets();
            let is_special = address.is_private()
                || address.is_loopback()
                || address.is_link_local()
                || address.is_documentation()
                || first == 0
                || first >= 224
                || (first == 100 && (64..128).contains(&second))
                || (first == 198 && (18..20).contains(&second))
                || (first, second, third) == (192, 0, 0);
            !is_special && address != Ipv4Addr::BROADCAST
        }
        IpAddr::V6(address) => {
            let [first, second, ..] = address.segments();
            (0x2000..0x4000).contains(&first)
                && (first, second) != (0x2001, 0xdb8)
                && (first, second & 0xfe00) != (0x2001, 0)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::with_request;

    fn check(address: &str, headers: &[(&str, &str)], proxies: Option<&[&str]>, expected: bool) {
        let proxies = proxies.map(|it| TrustedProxies::new(it).unwrap());
        let parsed = address.parse().ok();
        with_request(headers, |request| {
            let found = is_one_clients(parsed, None, request, proxies.as_ref());
            assert_eq!(found, expected, "{address} {headers:?} {proxies:?}");
        });
    }

    #[test]
    fn a_load_balancer_that_nobody_named_is_not_taken_for_a_client() {
        for public in ["8.8.8.8", "192.1.0.1", "2a00:1450::1", "2606:4700::1", "100.128.0.1"] {
            check(public, &[], None, true);
            for sign in SIGNS {
                check(public, &[(sign, "anything")], None, false);
            }
        }
        for special in [
            "10.0.0.5",
            "172.16.0.1",
            "192.168.1.1",
            "127.0.0.1",
            "169.254.0.1",
            "100.64.0.1",
            "198.18.0.1",
            "192.0.0.8",
            "203.0.113.1",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "::1",
            "fd00::1",
            "fe80::1",
            "ff02::1",
            "2001:db8::1",
            "2001::1",
            "a Unix socket",
        ] {
            check(special, &[], None, false);
        }
    }

    #[test]
    fn with_proxies_a_client_is_whoever_is_none_of_them() {
        let proxies = Some(&["10.0.0.0/8"][..]);
        check("192.168.1.1", &[("x-forwarded-for", "192.168.1.1")], proxies, true);
        check("10.0.0.5", &[], proxies, false);
        check("a Unix socket", &[], proxies, false);
        check("10.0.0.5", &[("via", "1.1 office")], Some(&[]), true);
    }

    #[test]
    fn of_proxies_that_are_only_counted_the_peer_may_be_one() {
        let (proxies, peer) = (TrustedProxies::hops(1), "8.8.8.8".parse().ok());
        with_request(&[], |request| {
            for (address, expected) in [("9.9.9.9", true), ("8.8.8.8", false)] {
                let found = is_one_clients(address.parse().ok(), peer, request, Some(&proxies));
                assert_eq!(found, expected, "{address}");
            }
        });
    }
}
