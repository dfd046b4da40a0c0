//! The cookies of a request.

use super::RequestHead;

/// The values of the cookies of this name (RFC 6265 section 4.2.1), without quotes.
pub(crate) fn cookies<'a>(request: &RequestHead<'a>, name: &str) -> impl Iterator<Item = &'a [u8]> {
    let pairs = request.header_lines("cookie").flat_map(|line| line.split(|&byte| byte == b';'));
    pairs.filter_map(move |pair| {
        let pair = pair.trim_ascii();
        let (found, value) = pair.split_at_checked(name.len())?;
        let value = value.strip_prefix(b"=").filter(|_| found == name.as_bytes())?;
        let unquoted = value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\""));
        Some(unquoted.unwrap_or(value))
    })
}
