//! URLs that identify an API or an issuer. Clients compare them character by character (RFC 9728 section 6),
//! so only one form of each is accepted.

use std::net::IpAddr;

/// The well-known path of RFC 9728 section 3.
pub(crate) const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";

/// A URL in three parts: its scheme, its host and port, and the rest, which may be empty.
struct Parts<'a> {
    scheme: &'a str,
    authority: &'a str,
    path: &'a str,
}

fn parts(url: &str) -> Option<Parts<'_>> {
    let (scheme, rest) = url.split_once("://")?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at_checked(end)?;
    Some(Parts { scheme, authority, path })
}

/// Why this URL identifies no protected resource, and no issuer.
pub(super) fn url_fault(url: &str) -> Option<&'static str> {
    let Some(Parts { scheme, authority, .. }) = parts(url) else {
        return Some("is no URL");
    };
    let Some(host) = host(authority) else {
        return Some("expects a host, in lower case, and at most a port");
    };
    if scheme != "https" && !(scheme == "http" && is_local(host)) {
        return Some("is not HTTPS, and not on this machine's loopback");
    }
    if url.contains(['?', '#']) {
        return Some("has a query or a fragment, and expects none");
    }
    let is_written = |byte: u8| byte.is_ascii_graphic() && !br#""<>\^`{|}"#.contains(&byte);
    (!url.bytes().all(is_written)).then_some("has characters that no URL has")
}

/// The host of an authority without user and with a port that is a number, if it has one.
fn host(authority: &str) -> Option<&str> {
    let after_address = authority.rfind(']').map_or(0, |end| end + 1);
    let colon = authority.get(after_address..)?.find(':').map(|place| place + after_address);
    let (host, port) = match colon {
        Some(colon) => (authority.get(..colon)?, authority.get(colon + 1..)?),
        None => (authority, "0"),
    };
    let is_name = |name: &str| {
        let letter =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-._".contains(&byte);
        !name.is_empty() && name.bytes().all(letter)
    };
    let address = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let is_host = match address {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => is_name(host),
    };
    (is_host && port.parse::<u16>().is_ok()).then_some(host)
}

fn is_local(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    address.map_or(host == "localhost", |address| address.to_canonical().is_loopback())
}

/// Whether the URL's path has one form only, for clients and for routing.
pub(super) fn has_plain_path(url: &str) -> bool {
    let path = parts(url).map_or("", |parts| parts.path);
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()+,;=:@/".contains(&byte);
    let mut segments = path.split('/').skip(1).peekable();
    let mut all_named = true;
    while let Some(segment) = segments.next() {
        // A slash at the end makes the last one empty.
        let is_end = segments.peek().is_none();
        all_named &= !matches!(segment, "." | "..") && (is_end || !segment.is_empty());
    }
    all_named && path.bytes().all(is_plain)
}

/// The address of the metadata of the resource with this identifier, and the path of it: the
/// well-known path is inserted between host and path, and a path of a slash alone is none (RFC 9728
/// section 3.1).
pub(super) fn metadata_place(identifier: &str) -> (String, String) {
    let parts = parts(identifier);
    let Some(Parts { scheme, authority, path }) = parts else { return Default::default() };
    let path = format!("{WELL_KNOWN}{}", if path == "/" { "" } else { path });
    (format!("{scheme}://{authority}{path}"), path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_well_known_path_stands_before_the_resources_own() {
        let check = |identifier: &str, url: &str, path: &str| {
            assert_eq!(metadata_place(identifier), (url.to_owned(), path.to_owned()));
        };
        let root = "https://api.example/.well-known/oauth-protected-resource";
        check("https://api.example", root, WELL_KNOWN);
        check("https://api.example/", root, WELL_KNOWN);
        let shop = "/.well-known/oauth-protected-resource/shop";
        check("https://api.example/shop", &format!("https://api.example{shop}"), shop);
        let slash = "/.well-known/oauth-protected-resource/shop/v1/";
        check(
            "https://api.example:8443/shop/v1/",
            &format!("https://api.example:8443{slash}"),
            slash,
        );
    }

    #[test]
    fn an_identifier_is_https_or_on_this_machine() {
        for good in [
            "https://api.example",
            "https://api.example/",
            "https://api.example/shop/v1",
            "https://api.example:8443/shop/",
            "https://api.example/~shop;v=1/a@b:c",
            "https://[2001:db8::1]/shop",
            "https://10.0.0.1",
            "http://127.0.0.1:8080/shop",
            "http://localhost",
            "http://[::1]:1",
        ] {
            assert_eq!(url_fault(good), None, "{good}");
            assert!(has_plain_path(good), "{good}");
        }
        for bad in [
            "",
            "shop",
            "api.example/shop",
            "//api.example",
            "https:/api.example",
            "https://",
            "https:///shop",
            "https://API.example",
            "https://api.example:",
            "https://api.example:443a",
            "https://api.example:65536",
            "https://user@api.example",
            "https://user:word@api.example",
            "https://[2001:db8::1",
            "https://[v1.x]/",
            "https://api.exämple",
            "http://api.example",
            "http://localhost.example",
            "ftp://api.example",
            "HTTPS://api.example",
            "https://api.example?tenant=1",
            "https://api.example/shop?tenant=1",
            "https://api.example/shop#top",
            "https://api.example/a shop",
            "https://api.example/\"shop\"",
            "https://api.example/{shop}",
            "https://api.example/sh\u{f6}p",
            "https://api.example/shop\r\n",
        ] {
            assert!(url_fault(bad).is_some(), "{bad}");
        }
        for unclear in ["/shop%2Fv1", "/a/../b", "/./shop", "//shop", "/a//b", "/shop*", "/.."] {
            assert!(!has_plain_path(&format!("https://api.example{unclear}")), "{unclear}");
        }
    }
}
