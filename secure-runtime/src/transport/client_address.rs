//! The client's address, from trusted proxies only.
//!
//! 1. Without trusted proxies the client is the peer of the connection; no header is looked at.
//! 2. A forwarding header counts only if the peer is a trusted proxy, and only the one header that
//!    the configuration names: a client can send the others.
//! 3. It is read from right to left, because each proxy appends what it saw. The first address
//!    that is not a trusted proxy is the client; what stands left of it is the client's word.
//! 4. An entry that is no address ends the walk: the client is then the proxy that wrote it.
//! 5. An IPv4-mapped IPv6 address is the IPv4 address (RFC 4291 section 2.5.5.2); zones and ports
//!    are dropped.
//!
//! Deployment: list every proxy between the internet and the program, and let the outermost one
//! overwrite the header. A list that is too wide lets clients choose their address.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use ipnet::IpNet;

use crate::request::RequestHead;

/// The proxies whose word about the client's address is taken, and the header they write.
///
/// ```
/// use secure_runtime::{ForwardingHeader, TrustedProxies};
///
/// let proxies = TrustedProxies::new(["10.0.0.0/8", "2001:db8::1"])?
///     .header(ForwardingHeader::Forwarded);
/// # Ok::<(), secure_runtime::InvalidNetwork>(())
/// ```
#[derive(Clone, Debug)]
pub struct TrustedProxies {
    networks: Vec<IpNet>,
    header: ForwardingHeader,
}

/// The header in which a proxy passes on the client's address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ForwardingHeader {
    /// `X-Forwarded-For`, the de facto standard.
    #[default]
    XForwardedFor,
    /// `Forwarded` (RFC 7239).
    Forwarded,
}

/// A text that is neither an address nor a network in CIDR notation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidNetwork {
    text: String,
}

impl fmt::Display for InvalidNetwork {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = &self.text;
        write!(formatter, "`{text}` is no network: expected an address or CIDR, as `10.0.0.0/8`")
    }
}

impl std::error::Error for InvalidNetwork {}

impl TrustedProxies {
    /// Trusts these networks (`10.0.0.0/8`) and addresses (`2001:db8::1`), and reads
    /// `X-Forwarded-For` unless [`header`](Self::header) says otherwise.
    ///
    /// # Errors
    ///
    /// The first text that is neither.
    pub fn new<T: AsRef<str>>(
        networks: impl IntoIterator<Item = T>,
    ) -> Result<Self, InvalidNetwork> {
        let networks =
            networks.into_iter().map(|text| network(text.as_ref())).collect::<Result<_, _>>()?;
        Ok(Self { networks, header: ForwardingHeader::default() })
    }

    /// Names the one header that the proxies write.
    #[must_use]
    pub fn header(mut self, header: ForwardingHeader) -> Self {
        self.header = header;
        self
    }

    pub(super) fn trusts(&self, address: IpAddr) -> bool {
        self.networks.iter().any(|network| network.contains(&address))
    }
}

fn network(text: &str) -> Result<IpNet, InvalidNetwork> {
    IpNet::from_str(text)
        .or_else(|_| IpAddr::from_str(text).map(IpNet::from))
        .map(canonical_network)
        .map_err(|_| InvalidNetwork { text: text.to_owned() })
}

/// Addresses are compared in their canonical form, so networks of mapped ones are too.
fn canonical_network(network: IpNet) -> IpNet {
    let IpAddr::V4(address) = network.addr().to_canonical() else { return network };
    let prefix = if network.addr().is_ipv6() { 96 } else { 0 };
    let length = network.prefix_len().checked_sub(prefix);
    length.and_then(|length| IpNet::new(address.into(), length).ok()).unwrap_or(network)
}

/// The client's address, canonical; `None` if the connection has none (a Unix socket).
pub(crate) fn client_address(
    request: &RequestHead<'_>,
    peer: Option<IpAddr>,
    proxies: Option<&TrustedProxies>,
) -> Option<IpAddr> {
    let mut client = canonical(peer?);
    let Some(proxies) = proxies.filter(|proxies| proxies.trusts(client)) else {
        return Some(client);
    };
    let name = match proxies.header {
        ForwardingHeader::XForwardedFor => "x-forwarded-for",
        ForwardingHeader::Forwarded => "forwarded",
    };
    let lines: Vec<&[u8]> = request.header_lines(name).collect();
    for line in lines.into_iter().rev() {
        let mut rest = Some(line);
        while let Some(entry) = next_from_right(&mut rest, proxies.header) {
            let address = match proxies.header {
                ForwardingHeader::XForwardedFor => node_address(entry),
                ForwardingHeader::Forwarded => forwarded_for(entry),
            };
            match address {
                None => return Some(client),
                Some(address) => client = address,
            }
            if !proxies.trusts(client) {
                return Some(client);
            }
        }
    }
    Some(client)
}

/// The IPv4 address inside an IPv4-mapped IPv6 address, or the address itself.
fn canonical(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

/// Takes the rightmost list element.
///
/// A comma inside a quoted string does not separate. Quotes are counted from the right, so that a
/// quote which a client left open cannot swallow what a proxy appended after it.
fn next_from_right<'a>(rest: &mut Option<&'a [u8]>, header: ForwardingHeader) -> Option<&'a [u8]> {
    let line = (*rest)?;
    let mut quotes = 0_usize;
    for (index, byte) in line.iter().enumerate().rev() {
        match byte {
            b'"' if header == ForwardingHeader::Forwarded => quotes += 1,
            b',' if quotes.is_multiple_of(2) => {
                *rest = line.get(..index);
                return line.get(index + 1..).map(<[u8]>::trim_ascii);
            }
            _ => {}
        }
    }
    *rest = None;
    Some(line.trim_ascii())
}

/// The `for` parameter of one `Forwarded` element (RFC 7239 section 4).
fn forwarded_for(element: &[u8]) -> Option<IpAddr> {
    let mut found = None;
    for pair in element.split(|byte| *byte == b';') {
        let at = pair.iter().position(|byte| *byte == b'=')?;
        let (name, value) = (pair.get(..at)?.trim_ascii(), pair.get(at + 1..)?.trim_ascii());
        if !name.eq_ignore_ascii_case(b"for") {
            continue;
        }
        if found.is_some() {
            // Section 4: a parameter must not occur twice in one element.
            return None;
        }
        let value = match value.strip_prefix(b"\"") {
            Some(open) => open.strip_suffix(b"\"")?,
            None => value,
        };
        found = Some(node_address(value)?);
    }
    found
}

/// An address with or without brackets, port and zone; `None` for anything else, the unspecified
/// address, `unknown` and obfuscated names (RFC 7239 section 6) included.
fn node_address(node: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(node).ok()?;
    let address = if let Some(bracketed) = text.strip_prefix('[') {
        let (inside, after) = bracketed.split_once(']')?;
        if !(after.is_empty() || after.strip_prefix(':').is_some_and(is_port)) {
            return None;
        }
        IpAddr::V6(ipv6(inside)?)
    } else if let Some((before, port)) =
        text.split_once(':').filter(|(_, rest)| !rest.contains(':'))
    {
        IpAddr::V4(Ipv4Addr::from_str(before).ok().filter(|_| is_port(port))?)
    } else if text.contains(':') {
        IpAddr::V6(ipv6(text)?)
    } else {
        IpAddr::V4(Ipv4Addr::from_str(text).ok()?)
    };
    Some(canonical(address)).filter(|address| !address.is_unspecified())
}

fn ipv6(text: &str) -> Option<Ipv6Addr> {
    let address = match text.split_once('%') {
        Some((address, zone)) if !zone.is_empty() => address,
        Some(_) => return None,
        None => text,
    };
    Ipv6Addr::from_str(address).ok()
}

/// A port, or an obfuscated one (RFC 7239 section 6.3).
fn is_port(text: &str) -> bool {
    let name = text.strip_prefix('_').unwrap_or(text);
    !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    /// `lines` is what arrives, one header line each; the peer is 127.0.0.1.
    fn check(header: ForwardingHeader, lines: &[&str], expected: &str) {
        let name = match header {
            ForwardingHeader::XForwardedFor => "X-Forwarded-For",
            ForwardingHeader::Forwarded => "Forwarded",
        };
        let mut request = TestRequest::default();
        for line in lines {
            request = request.append_header((name, *line));
        }
        let request = request.to_http_request();
        let proxies =
            TrustedProxies::new(["127.0.0.1", "10.0.1.0/24"]).expect("networks").header(header);
        let head = RequestHead::new(&request);
        let found = client_address(&head, Some(IpAddr::from([127, 0, 0, 1])), Some(&proxies));
        assert_eq!(found, IpAddr::from_str(expected).ok(), "{lines:?}");
    }

    #[test]
    fn x_forwarded_for_is_walked_from_the_right() {
        let check =
            |lines: &[&str], expected| check(ForwardingHeader::XForwardedFor, lines, expected);
        check(&[], "127.0.0.1");
        check(&["10.0.0.1, 192.0.2.1"], "192.0.2.1");
        check(&["10.0.1.1, 192.0.2.1, 127.0.0.1"], "192.0.2.1");
        check(&["10.0.1.1", "192.0.2.1", "127.0.0.1"], "192.0.2.1");
        check(&["192.0.2.9, 10.0.1.1, 127.0.0.1"], "192.0.2.9");
        check(&["10.0.1.2, 10.0.1.1"], "10.0.1.2");
        check(&["192.0.2.9:4711"], "192.0.2.9");
        check(&["[2001:db8::1%eth0]:4711"], "2001:db8::1");
        check(&["::ffff:192.0.2.9"], "192.0.2.9");
        check(&["\"192.0.2.9"], "127.0.0.1");
    }

    #[test]
    fn what_is_no_address_ends_the_walk_at_the_proxy_that_wrote_it() {
        let check =
            |lines: &[&str], expected| check(ForwardingHeader::XForwardedFor, lines, expected);
        check(&["192.0.2.1, nonsense"], "127.0.0.1");
        check(&["192.0.2.1, unknown, 10.0.1.7"], "10.0.1.7");
        check(&["192.0.2.1, , 10.0.1.7"], "10.0.1.7");
        check(&["192.0.2.1, 0.0.0.0"], "127.0.0.1");
        check(&[""], "127.0.0.1");
    }

    #[test]
    fn forwarded_reads_only_for_and_cannot_be_swallowed_by_an_open_quote() {
        let check = |lines: &[&str], expected| check(ForwardingHeader::Forwarded, lines, expected);
        check(&["for=192.0.2.1;proto=https, for=10.0.1.7"], "192.0.2.1");
        check(&["For=\"[2001:db8::1]:4711\";by=_gateway"], "2001:db8::1");
        check(&["for=\"open, for=192.0.2.1"], "192.0.2.1");
        check(&["for=192.0.2.9;for=192.0.2.1"], "127.0.0.1");
        check(&["proto=https"], "127.0.0.1");
        check(&["for=_hidden"], "127.0.0.1");
        check(&["for=192.0.2.1, by=\"a,b\";for=10.0.1.3"], "192.0.2.1");
    }

    #[test]
    fn a_mapped_address_is_the_address_wherever_it_stands() {
        let check = |network: &str, peer: &str, trusted: bool| {
            let request = TestRequest::default().insert_header(("X-Forwarded-For", "203.0.113.7"));
            let request = request.to_http_request();
            let proxies = TrustedProxies::new([network]).expect("network");
            let peer = IpAddr::from_str(peer).expect("address");
            let found = client_address(&RequestHead::new(&request), Some(peer), Some(&proxies));
            let expected = if trusted { IpAddr::from([203, 0, 113, 7]) } else { canonical(peer) };
            assert_eq!(found, Some(expected), "{network} {peer}");
        };
        for network in ["10.0.0.0/8", "::ffff:10.0.0.0/104", "10.0.0.1", "::ffff:10.0.0.1"] {
            check(network, "10.0.0.1", true);
            check(network, "::ffff:10.0.0.1", true);
            check(network, "::10.0.0.1", false);
            check(network, "11.0.0.1", false);
        }
        check("::/0", "10.0.0.1", false);
        check("0.0.0.0/0", "2001:db8::1", false);
        check("2001:db8::/32", "2001:db8::1", true);
    }

    #[test]
    fn the_header_of_an_untrusted_peer_is_not_looked_at() {
        let request = TestRequest::default()
            .insert_header(("X-Forwarded-For", "203.0.113.7"))
            .to_http_request();
        let peer = Some(IpAddr::from([192, 0, 2, 50]));
        let proxies = TrustedProxies::new(["10.0.0.0/8"]).expect("network");
        let head = RequestHead::new(&request);
        assert_eq!(client_address(&head, peer, Some(&proxies)), peer);
        assert_eq!(client_address(&head, peer, None), peer);
        assert_eq!(client_address(&head, None, Some(&proxies)), None);
    }

    /// `mustParseIPAddrPtr(fe80::1%zone)`, as the vectors write it, without the zone.
    fn wanted(want: &serde_json::Value) -> Option<IpAddr> {
        let text = want.as_str()?;
        let text = text.strip_prefix("mustParseIPAddrPtr(").unwrap_or(text).trim_end_matches(')');
        text.split('%').next()?.parse().ok()
    }

    #[test]
    fn the_public_vectors_agree() {
        let file = include_str!("../../../tests/vectors/client-address/parsing.json");
        let vectors: serde_json::Value = serde_json::from_str(file).expect("JSON");
        let table = |name: &str| vectors["tables"][name].as_array().expect("a table").clone();
        for case in table("Test_parseForwardedListItem") {
            let found = forwarded_for(case["fwd"].as_str().expect("text").as_bytes());
            assert_eq!(found, wanted(&case["want"]), "{case}");
        }
        for case in table("TestRemoteAddrStrategy") {
            let found = node_address(case["args"]["remoteAddr"].as_str().expect("text").as_bytes());
            assert_eq!(found, wanted(&case["want"]), "{case}");
        }
        // The rightmost entry is what the proxy saw. The vectors' strategy skips link-local ones,
        // which the two cases with zones end in, and garbage, which all after the tenth end in.
        let rightmost = table("TestRightmostNonPrivateStrategy");
        let zoned =
            |case: &&serde_json::Value| case["name"].as_str().is_some_and(|it| it.contains("zone"));
        for case in rightmost.iter().take(10).filter(|case| !zoned(case)) {
            let is_forwarded = case["args"]["headerName"]
                .as_str()
                .expect("name")
                .eq_ignore_ascii_case("forwarded");
            let (header, name) = if is_forwarded {
                (ForwardingHeader::Forwarded, "Forwarded")
            } else {
                (ForwardingHeader::XForwardedFor, "X-Forwarded-For")
            };
            let lines = case["args"]["headers"][name].as_array().expect("lines");
            let lines: Vec<&str> = lines.iter().filter_map(serde_json::Value::as_str).collect();
            check(header, &lines, &wanted(&case["want"]).expect("an address").to_string());
        }
    }

    #[test]
    fn nginx_agrees_where_it_walks_the_whole_chain() {
        let file = include_str!("../../../tests/vectors/client-address/nginx_realip.json");
        let vectors: serde_json::Value = serde_json::from_str(file).expect("JSON");
        let mut replayed = 0;
        for row in vectors["rows"].as_array().expect("rows") {
            if row[0].as_str().expect("mode").starts_with("recursive on") {
                let lines: Vec<&str> = row[1].as_str().expect("lines").split(" | ").collect();
                check(ForwardingHeader::XForwardedFor, &lines, row[2].as_str().expect("client"));
                replayed += 1;
            }
        }
        assert_eq!(replayed, 2);
    }

    #[test]
    fn a_misspelt_network_says_what_was_expected() {
        let error = TrustedProxies::new(["10.0.0.0/33"]).expect_err("no such prefix");
        assert!(error.to_string().starts_with("`10.0.0.0/33` is no network: expected"));
    }
}
