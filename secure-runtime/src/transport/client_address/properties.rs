//! Property tests: a client that adds forwarding headers never chooses its client IP.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::testing::client_address;

/// What the client sent: lines of the header that is read.
fn forged() -> impl Strategy<Value = Vec<String>> {
    let pieces = [
        "6.6.6.6",
        "10.0.0.66",
        "for=",
        "For=\"",
        "\"",
        "\\",
        "\\\"",
        ",",
        ", ",
        ";",
        "=",
        "[",
        "]",
        "::1",
        "2001:db8::66",
        "%eth0",
        ":80",
        "unknown",
        "_hidden",
        " ",
        "host=",
        "for=10.0.0.66",
        "::ffff:10.0.0.66",
        "\t",
    ];
    let line = vec(select(pieces.to_vec()), 0..24).prop_map(|pieces| pieces.concat());
    vec(line, 0..4)
}

/// A trusted proxy's address.
fn proxy() -> impl Strategy<Value = IpAddr> {
    prop_oneof![
        any::<[u8; 3]>().prop_map(|[a, b, c]| IpAddr::from([10, a, b, c])),
        (1_u16..).prop_map(|last| IpAddr::from(Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, last))),
    ]
}

/// An address that is no proxy's, canonical.
fn client() -> impl Strategy<Value = IpAddr> {
    prop_oneof![
        any::<[u8; 3]>().prop_map(|[a, b, c]| IpAddr::V4(Ipv4Addr::new(192, a, b, c))),
        any::<u64>()
            .prop_map(|low| IpAddr::V6(Ipv6Addr::from((0x2001_0db8_u128 << 96) | u128::from(low)))),
    ]
}

/// How a proxy writes an address: with a port, with a zone, mapped; and whether in a line of its own.
#[derive(Clone, Debug)]
struct Manner {
    port: bool,
    mapped: bool,
    own_line: bool,
    /// What the proxy quotes in a parameter of its own, as a server's name from the request.
    host: String,
}

fn manner() -> impl Strategy<Value = Manner> {
    let host =
        select(vec!["", "a", "\"", "\", for=6.6.6.6;b=\"", ", for=6.6.6.6", "\\", ";for=6.6.6.6;"]);
    (any::<bool>(), any::<bool>(), any::<bool>(), host).prop_map(
        |(port, mapped, own_line, host)| Manner { port, mapped, own_line, host: host.to_owned() },
    )
}

impl Manner {
    fn node(&self, address: IpAddr) -> String {
        let address = match address {
            IpAddr::V4(address) if self.mapped => IpAddr::V6(address.to_ipv6_mapped()),
            address => address,
        };
        match (address, self.port) {
            (IpAddr::V6(address), true) => format!("[{address}]:4711"),
            (IpAddr::V4(address), true) => format!("{address}:4711"),
            (address, false) => address.to_string(),
        }
    }

    fn entry(&self, node: &str, header: &ForwardingHeader) -> String {
        if *header == ForwardingHeader::XForwardedFor {
            return node.to_owned();
        }
        let host = self.host.replace('\\', "\\\\").replace('"', "\\\"");
        format!("for=\"{node}\";host=\"{host}\";proto=https")
    }

    fn append(&self, lines: &mut Vec<String>, entry: String) {
        match lines.last_mut().filter(|_| !self.own_line) {
            Some(line) => *line = format!("{line}, {entry}"),
            None => lines.push(entry),
        }
    }
}

fn header() -> impl Strategy<Value = ForwardingHeader> {
    prop_oneof![Just(ForwardingHeader::XForwardedFor), Just(ForwardingHeader::Forwarded)]
}

fn networks() -> TrustedProxies {
    TrustedProxies::new(["10.0.0.0/8", "fd00::/16"]).expect("networks")
}

fn find(proxies: &TrustedProxies, peer: IpAddr, lines: &[String]) -> Option<IpAddr> {
    let name = match &proxies.header {
        ForwardingHeader::XForwardedFor => "x-forwarded-for",
        ForwardingHeader::Forwarded => "forwarded",
        ForwardingHeader::Single(name) => name.field().as_str(),
    };
    let lines: Vec<(&str, &str)> = lines.iter().map(|line| (name, &**line)).collect();
    client_address(proxies, Some(peer), &lines)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn the_client_is_found_behind_its_proxies_whatever_it_sent(
        forged in forged(),
        client in client(),
        chain in vec((proxy(), manner()), 1..6),
        header in header(),
    ) {
        let (mut lines, mut seen) = (forged, client);
        for (address, manner) in &chain {
            let entry = manner.entry(&manner.node(seen), &header);
            manner.append(&mut lines, entry);
            seen = *address;
        }
        let known = networks().header(header.clone());
        prop_assert_eq!(find(&known, seen, &lines), Some(client));
        let hops = u8::try_from(chain.len()).unwrap();
        let counted = TrustedProxies::hops(hops).header(header.clone());
        prop_assert_eq!(find(&counted, seen, &lines), Some(client));
        // Too few hops: a proxy's address, stricter and never chosen.
        if let Some(fewer) = hops.checked_sub(1).filter(|fewer| *fewer > 0) {
            let found = find(&TrustedProxies::hops(fewer).header(header), seen, &lines);
            prop_assert!(found.is_some_and(|found| networks().trusts(found)));
        }
    }

    #[test]
    fn where_a_proxy_hides_what_it_saw_the_client_is_a_proxy(
        forged in forged(),
        chain in vec((proxy(), manner()), 1..6),
        hidden in select(vec!["unknown", "_hidden", "", "unix:", "0.0.0.0", "1.2.3", "_a:_b"]),
        header in header(),
    ) {
        let (mut lines, mut seen) = (forged, None);
        for (address, manner) in &chain {
            let node = seen.map_or_else(|| hidden.to_owned(), |seen| manner.node(seen));
            let entry = manner.entry(&node, &header);
            manner.append(&mut lines, entry);
            seen = Some(*address);
        }
        let peer = seen.unwrap();
        let known = networks().header(header.clone());
        // The outermost proxy: it wrote what is no address.
        prop_assert_eq!(find(&known, peer, &lines), chain.first().map(|(address, _)| *address));
        let hops = u8::try_from(chain.len()).unwrap();
        let counted = TrustedProxies::hops(hops).header(header);
        prop_assert_eq!(find(&counted, peer, &lines), Some(peer));
    }

    #[test]
    fn a_client_that_comes_directly_is_itself(
        forged in forged(),
        client in client(),
        header in header(),
        hops in 1_u8..=32,
    ) {
        let real = networks().header(ForwardingHeader::single("x-real-ip").unwrap());
        let peers = TrustedProxies::hops(hops).peers(["10.0.0.0/8"]).unwrap();
        for proxies in [networks().header(header.clone()), peers.header(header.clone()), real] {
            prop_assert_eq!(find(&proxies, client, &forged), Some(client));
        }
        // With hops from any peer, the header of a client counts if it has enough entries, and otherwise not.
        let entries: usize = forged.iter().map(|line| line.matches(',').count() + 1).sum();
        if entries < usize::from(hops) {
            let counted = TrustedProxies::hops(hops).header(header);
            prop_assert_eq!(find(&counted, client, &forged), Some(client));
        }
    }

    #[test]
    fn a_header_of_one_address_is_that_address_or_none(
        forged in forged(),
        client in client(),
        peer in proxy(),
        manner in manner(),
    ) {
        let proxies = networks().header(ForwardingHeader::single("x-real-ip").unwrap());
        prop_assert_eq!(find(&proxies, peer, &[manner.node(client)]), Some(client));
        // A proxy that adds its line instead of overwriting: nobody is believed.
        if !forged.is_empty() {
            let mut lines = forged;
            lines.push(manner.node(client));
            prop_assert_eq!(find(&proxies, peer, &lines), Some(peer));
        }
    }
}
