//! The scheme and host that the client used, from trusted proxies only.

use std::net::IpAddr;

use super::entries::forwarded_parameter;
use super::{ForwardingHeader, TrustedProxies, look};
use crate::request::RequestHead;

/// The scheme that a trusted proxy names, if one does.
pub(crate) fn forwarded_scheme(
    request: &RequestHead<'_>,
    peer: Option<IpAddr>,
    proxies: Option<&TrustedProxies>,
) -> Option<&'static str> {
    let said = said(request, peer, proxies?, b"proto", |proxies| {
        proxies.overwrite_scheme.then_some("x-forwarded-proto")
    })?;
    ["http", "https"].into_iter().find(|scheme| said.eq_ignore_ascii_case(scheme.as_bytes()))
}

/// The host, and the port if there is one, that a trusted proxy names.
pub(crate) fn forwarded_host<'a>(
    request: &RequestHead<'a>,
    peer: Option<IpAddr>,
    proxies: Option<&TrustedProxies>,
) -> Option<&'a str> {
    let said = said(request, peer, proxies?, b"host", |proxies| {
        proxies.overwrite_host.then_some("x-forwarded-host")
    })?;
    host(said)
}

/// A text that is a host and a port by its characters.
pub(crate) fn host(text: &[u8]) -> Option<&str> {
    let is_of_a_host = |byte: &u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(byte);
    let text = std::str::from_utf8(text).ok()?;
    (!text.is_empty() && text.bytes().all(|byte| is_of_a_host(&byte))).then_some(text)
}

/// What a trusted proxy says: in the entry that names the client, or in a header that it overwrites.
fn said<'a>(
    request: &RequestHead<'a>,
    peer: Option<IpAddr>,
    proxies: &TrustedProxies,
    parameter: &[u8],
    header: impl Fn(&TrustedProxies) -> Option<&'static str>,
) -> Option<&'a [u8]> {
    if proxies.header == ForwardingHeader::Forwarded {
        return forwarded_parameter(look(request, peer, Some(proxies)).1?, parameter);
    }
    let name = header(proxies)?;
    if !proxies.trusts_peer(peer.map(|address| address.to_canonical())) {
        return None;
    }
    let mut lines = request.header_lines(name);
    match (lines.next(), lines.next()) {
        (Some(line), None) => Some(line.trim_ascii()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::with_request;

    const PROXY: &str = "10.0.0.7";

    fn check(
        proxies: &TrustedProxies,
        peer: &str,
        headers: &[(&str, &str)],
        expected: (Option<&str>, Option<&str>),
    ) {
        let peer = peer.parse().ok();
        with_request(headers, |request| {
            let found = (
                forwarded_scheme(request, peer, Some(proxies)),
                forwarded_host(request, peer, Some(proxies)),
            );
            assert_eq!(found, expected, "{peer:?} {headers:?}");
        });
    }

    #[test]
    fn an_overwritten_header_counts_of_a_trusted_peer_alone() {
        let silent = TrustedProxies::new(["10.0.0.0/8"]).unwrap();
        let proxies = silent.clone().overwrite_scheme().overwrite_host();
        let headers = [("x-forwarded-proto", "HTTPS"), ("x-forwarded-host", "shop.example:8443")];
        check(&proxies, PROXY, &headers, (Some("https"), Some("shop.example:8443")));
        check(&proxies, "192.0.2.1", &headers, (None, None));
        check(&silent, PROXY, &headers, (None, None));
        check(&silent.clone().overwrite_scheme(), PROXY, &headers, (Some("https"), None));
        for odd in ["", "https, http", "ftp", "https\u{e9}"] {
            check(&proxies, PROXY, &[("x-forwarded-proto", odd)], (None, None));
        }
        let twice = [("x-forwarded-proto", "https"), ("x-forwarded-proto", "https")];
        check(&proxies, PROXY, &twice, (None, None));
        for odd in ["", "a@b", "a/b", "a b"] {
            check(&proxies, PROXY, &[("x-forwarded-host", odd)], (None, None));
        }
    }

    #[test]
    fn of_forwarded_the_entry_that_names_the_client_counts() {
        let proxies =
            TrustedProxies::new(["10.0.0.0/8"]).unwrap().header(ForwardingHeader::Forwarded);
        let chain = "for=1.2.3.4;proto=https;host=evil.example, \
                     for=192.0.2.9;proto=https;host=\"shop.example:443\", for=10.0.0.8;proto=http";
        check(&proxies, PROXY, &[("forwarded", chain)], (Some("https"), Some("shop.example:443")));
        check(&proxies, "192.0.2.1", &[("forwarded", chain)], (None, None));
        for nothing in ["for=192.0.2.9", "for=192.0.2.9;proto=https;proto=http", "proto=https"] {
            check(&proxies, PROXY, &[("forwarded", nothing)], (None, None));
        }
        // The other headers are anybody's.
        check(&proxies, PROXY, &[("x-forwarded-proto", "https")], (None, None));
    }
}
