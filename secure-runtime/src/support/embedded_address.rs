//! The IPv4 address embedded in an IPv6 address of a translator (NAT64) or a tunnel (6to4).

use std::net::{Ipv4Addr, Ipv6Addr};

/// The IPv4 address in one of NAT64 (`64:ff9b::/96`, RFC 6052 section 2.2, and `64:ff9b:1::/48`,
/// RFC 8215) or of 6to4 (`2002::/16`, RFC 3056 section 2).
///
/// Below `64:ff9b:1::/48` the length of an operator's prefix is not known. It follows from the trailing
/// zeros, which every prefix but the longest leaves.
#[inline]
pub(crate) fn embedded_ipv4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let bits = address.to_bits();
    let embedded = match address.segments() {
        [0x2002, ..] => bits >> 80,
        [0x64, 0xff9b, 0, 0, 0, 0, ..] => bits,
        [0x64, 0xff9b, 1, ..] => match bits.trailing_zeros() {
            // Bits 64 to 71 are no part of it.
            40.. => (bits >> 64 & 0xffff) << 16 | bits >> 40 & 0xffff,
            32.. => (bits >> 64 & 0xff) << 24 | bits >> 32 & 0xff_ffff,
            24.. => bits >> 24,
            _ => bits,
        },
        _ => return None,
    };
    Some(Ipv4Addr::from_bits(embedded as u32))
}

#[cfg(test)]
#[cfg(not(loom))]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_translators_and_tunnels_embed_one() {
        for (address, expected) in [
            ("64:ff9b::192.0.2.33", Some("192.0.2.33")),
            ("2002:c000:221::", Some("192.0.2.33")),
            ("2002:c000:221:7::9", Some("192.0.2.33")),
            // The examples of RFC 6052 section 2.4, below the prefix of RFC 8215.
            ("64:ff9b:1:c000:2:2100::", Some("192.0.2.33")),
            ("64:ff9b:1:c0:0:221::", Some("192.0.2.33")),
            ("64:ff9b:1:0:c0:2:2100:0", Some("192.0.2.33")),
            ("64:ff9b:1::192.0.2.33", Some("192.0.2.33")),
            ("64:ff9b:1:fffe::192.0.2.33", Some("192.0.2.33")),
            ("64:ff9b:2::192.0.2.33", None),
            ("64:ff9b:0:1::192.0.2.33", None),
            ("2001:db8::192.0.2.33", None),
            ("2003:c000:221::", None),
            ("::", None),
        ] {
            let found = embedded_ipv4(address.parse().unwrap());
            assert_eq!(found, expected.map(|address| address.parse().unwrap()), "{address}");
        }
    }
}
