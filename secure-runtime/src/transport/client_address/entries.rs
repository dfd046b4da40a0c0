//! Parser of forwarding headers: entries, read from the right, and the addresses in them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use crate::request::RequestHead;

/// More proxies than any request passes: a client inside of a trusted network could name more.
pub(super) const MOST_ENTRIES: usize = 32;

/// The longest entry that is read: an address, and what RFC 7239 puts beside it.
pub(super) const LONGEST_ENTRY: usize = 1024;

/// A header to which each proxy appends an entry.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum List {
    XForwardedFor,
    Forwarded,
}

impl List {
    fn name(self) -> &'static str {
        match self {
            Self::XForwardedFor => "x-forwarded-for",
            Self::Forwarded => "forwarded",
        }
    }

    /// The address that an entry tells.
    pub(super) fn address(self, entry: &[u8]) -> Option<IpAddr> {
        match self {
            Self::XForwardedFor => node_address(entry),
            Self::Forwarded => forwarded_for(entry),
        }
    }
}

/// The entries of all lines of a header, from right to left, at most [`MOST_ENTRIES`].
///
/// An empty entry is one: if it were skipped, the count of hops would reach what a client wrote.
pub(super) struct Entries<'a> {
    request: RequestHead<'a>,
    list: List,
    /// Lines that were not begun.
    lines: usize,
    /// What is left of the line that was begun.
    rest: Option<&'a [u8]>,
    /// Entries that may still be read.
    left: usize,
}

impl<'a> Entries<'a> {
    pub(super) fn new(request: &RequestHead<'a>, list: List) -> Self {
        let lines = request.header_lines(list.name()).count();
        Self { request: *request, list, lines, rest: None, left: MOST_ENTRIES }
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        self.left = self.left.checked_sub(1)?;
        let line = match self.rest.take() {
            Some(rest) => rest,
            None => {
                self.lines = self.lines.checked_sub(1)?;
                self.request.header_lines(self.list.name()).nth(self.lines)?
            }
        };
        match rightmost(line, self.list) {
            Some((rest, entry)) => {
                self.rest = rest;
                Some(entry)
            }
            None => {
                // Where it would begin is not known, and so nothing left of it.
                self.left = 0;
                Some(b"")
            }
        }
    }
}

/// What stands before the last entry, and that entry; `None` if it is too long.
///
/// A comma inside a quoted string does not separate. Quotes are paired from the right, so that one
/// which a client left open cannot swallow what a proxy appended after it.
fn rightmost(line: &[u8], list: List) -> Option<(Option<&[u8]>, &[u8])> {
    let mut is_quoted = false;
    for (index, byte) in line.iter().enumerate().rev().take(LONGEST_ENTRY + 1) {
        match byte {
            b'"' if list == List::Forwarded && !(is_quoted && is_escaped(line, index)) => {
                is_quoted = !is_quoted;
            }
            b',' if !is_quoted => {
                return Some((line.get(..index), line.get(index + 1..)?.trim_ascii()));
            }
            _ => {}
        }
    }
    (line.len() <= LONGEST_ENTRY).then(|| (None, line.trim_ascii()))
}

/// Whether the byte at `index` is the second one of a quoted pair (RFC 9110 section 5.6.4).
fn is_escaped(line: &[u8], index: usize) -> bool {
    let before = line.get(..index).unwrap_or_default();
    let backslashes = before.iter().rev().take_while(|byte| **byte == b'\\').count();
    !backslashes.is_multiple_of(2)
}

/// The `for` parameter of one `Forwarded` element (RFC 7239 section 4).
pub(super) fn forwarded_for(element: &[u8]) -> Option<IpAddr> {
    node_address(forwarded_parameter(element, b"for")?)
}

/// A parameter of one `Forwarded` element (RFC 7239 section 4), without quotes; `None` if the element is
/// malformed.
pub(super) fn forwarded_parameter<'a>(element: &'a [u8], wanted: &[u8]) -> Option<&'a [u8]> {
    let mut found = None;
    let mut rest = Some(element);
    while let Some(pairs) = rest {
        let (pair, after) = first_pair(pairs);
        rest = after;
        if pair.is_empty() {
            continue;
        }
        let at = pair.iter().position(|byte| *byte == b'=')?;
        let (name, value) = (pair.get(..at)?, pair.get(at + 1..)?.trim_ascii());
        // A name is a token, so that another reader would not take `for ` for one.
        if name.trim_ascii_end() != name {
            return None;
        }
        let value = match value.strip_prefix(b"\"") {
            Some(open) => open.strip_suffix(b"\"")?,
            None => value,
        };
        if !name.eq_ignore_ascii_case(wanted) {
            continue;
        }
        if found.is_some() {
            // Section 4: a parameter must not occur twice in one element.
            return None;
        }
        found = Some(value);
    }
    found
}

/// What stands before the first semicolon outside of quotes, and what comes after it.
fn first_pair(pairs: &[u8]) -> (&[u8], Option<&[u8]>) {
    let (mut is_quoted, mut is_escaped) = (false, false);
    for (index, byte) in pairs.iter().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_quoted => is_escaped = true,
            b'"' => is_quoted = !is_quoted,
            b';' if !is_quoted => {
                return (
                    pairs.get(..index).unwrap_or_default().trim_ascii(),
                    pairs.get(index + 1..),
                );
            }
            _ => {}
        }
    }
    (pairs.trim_ascii(), None)
}

/// An address with or without brackets, port and zone; `None` for anything else, the unspecified
/// address, `unknown` and obfuscated names (RFC 7239 section 6) included.
pub(super) fn node_address(node: &[u8]) -> Option<IpAddr> {
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
    Some(address.to_canonical()).filter(|address| !address.is_unspecified())
}

/// An IPv6 address; its zone (RFC 4007 section 11) means something on the proxy's machine alone.
fn ipv6(text: &str) -> Option<Ipv6Addr> {
    let address = match text.split_once('%') {
        Some((address, zone)) if is_name(zone) => address,
        Some(_) => return None,
        None => text,
    };
    Ipv6Addr::from_str(address).ok()
}

/// A port, or an obfuscated one (RFC 7239 section 6.3).
fn is_port(text: &str) -> bool {
    is_name(text.strip_prefix('_').unwrap_or(text))
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}
