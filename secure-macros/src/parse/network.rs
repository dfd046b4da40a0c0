//! Parses networks in CIDR notation (RFC 4632 section 3.1): `10.0.0.0/8`, `2001:db8::/32`.

use std::net::IpAddr;

use proc_macro2::{Delimiter, TokenTree};

use super::tokens::{comma_separated, shown, stream, string};
use crate::diagnostics::Diagnostics;
use crate::model::condition::ConditionKind;

/// Parses the operand on the right of `address in`.
pub(super) fn networks(arguments: &[TokenTree], diagnostics: &mut Diagnostics) -> ConditionKind {
    let parts = match arguments {
        [TokenTree::Group(list)] if list.delimiter() == Delimiter::Bracket => {
            comma_separated(list.stream(), diagnostics)
        }
        other => vec![other.to_vec()],
    };
    let networks = parts.iter().filter_map(|part| network(part, diagnostics)).collect();
    if parts.is_empty() {
        diagnostics
            .error(&stream(arguments), "`address in` expects at least one network, found none")
            .help("`address in [\"10.0.0.0/8\", \"2001:db8::/32\"]`");
    }
    ConditionKind::Address(networks)
}

fn network(part: &[TokenTree], diagnostics: &mut Diagnostics) -> Option<String> {
    let text = match part {
        [token] => string(token),
        _ => None,
    };
    let Some(text) = text else {
        let message = format!("`address in` expects a string literal, found `{}`", shown(part));
        diagnostics.error(&stream(part), message).help("`address in \"10.0.0.0/8\"`");
        return None;
    };
    match read(&text.text) {
        Ok(network) => Some(network),
        Err((message, help)) => {
            diagnostics.error(&text, message).help(help);
            None
        }
    }
}

/// The network in canonical form, or a message and a help.
fn read(text: &str) -> Result<String, (String, String)> {
    let example = || "`address in \"10.0.0.0/8\"`".to_owned();
    let (address, prefix) = match text.split_once('/') {
        Some((address, prefix)) => (address, Some(prefix)),
        None => (text, None),
    };
    let Ok(address) = address.parse::<IpAddr>() else {
        return Err((format!("in {text:?}: `{address}` is not an IP address"), example()));
    };
    let (bits, width) = match address {
        IpAddr::V4(address) => (u128::from(address.to_bits()) << 96, 32),
        IpAddr::V6(address) => (address.to_bits(), 128),
    };
    if let IpAddr::V6(address) = address
        && let Some(mapped) = address.to_ipv4_mapped()
    {
        let message = format!("in {text:?}: expected an IPv4 address, found one mapped to IPv6");
        return Err((message, format!("write `{mapped}`: requests are compared as IPv4")));
    }
    let Some(length) = prefix.map_or(Some(width), |prefix| prefix_length(prefix, width)) else {
        let message = format!("in {text:?}: expected a prefix length from 0 to {width} after `/`");
        return Err((message, example()));
    };
    let mask = u128::MAX.checked_shl(128 - length).unwrap_or_default();
    if bits & !mask != 0 {
        let bits = bits & mask;
        let network = match address {
            IpAddr::V4(_) => IpAddr::V4(u32::try_from(bits >> 96).unwrap_or_default().into()),
            IpAddr::V6(_) => IpAddr::V6(bits.into()),
        };
        let message = format!("in {text:?}: the address has bits set after its prefix of {length}");
        let help =
            format!("`{network}/{length}` for the network, or `{address}` for the one address");
        return Err((message, help));
    }
    Ok(format!("{address}/{length}"))
}

fn prefix_length(text: &str, width: u32) -> Option<u32> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let has_one_form = text == "0" || !text.starts_with('0');
    let length = text.parse().ok().filter(|_| is_number && has_one_form)?;
    (length <= width).then_some(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<&str>) {
        assert_eq!(read(text).ok().as_deref(), expected, "{text}");
    }

    #[test]
    fn networks_are_read_exactly_or_not_at_all() {
        check("10.0.0.0/8", Some("10.0.0.0/8"));
        check("127.0.0.1", Some("127.0.0.1/32"));
        check("0.0.0.0/0", Some("0.0.0.0/0"));
        check("2001:DB8::/32", Some("2001:db8::/32"));
        check("::/0", Some("::/0"));
        for wrong in [
            "",
            "10",
            "10.0.0.0/33",
            "10.0.0.0/-1",
            "10.0.0.0/08",
            "10.0.0.0/+8",
            "10.0.0.0/",
            "10.0.0.1/8",
            "2001:db8::1/32",
            "::ffff:10.0.0.0/104",
            "10.0.0.0/8/8",
            " 10.0.0.0/8",
            "fe80::%eth0/10",
            "localhost",
            "10.0.0.0/255.0.0.0",
        ] {
            check(wrong, None);
        }
    }
}
