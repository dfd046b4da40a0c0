//! Address groups: addresses with the same prefix count together.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::support::embedded_address::embedded_ipv4;

/// The prefix lengths of groups.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AddressGroups {
    ipv4: u32,
    ipv6: u128,
}

impl AddressGroups {
    /// Groups with these prefix lengths. A length beyond that of an address counts as all its bits.
    pub(crate) fn new(ipv4_prefix: u8, ipv6_prefix: u8) -> Self {
        let (ipv4, ipv6) = (u32::from(ipv4_prefix), u32::from(ipv6_prefix));
        Self {
            ipv4: u32::MAX.checked_shl(32_u32.saturating_sub(ipv4)).unwrap_or_default(),
            ipv6: u128::MAX.checked_shl(128_u32.saturating_sub(ipv6)).unwrap_or_default(),
        }
    }

    /// The first address of the group. An IPv6 address that embeds an IPv4 address (of a translator or a
    /// tunnel) is in the group of the IPv4 address: such clients can neither choose among more addresses than
    /// they have, nor share one.
    #[inline]
    pub(crate) fn group(self, address: IpAddr) -> IpAddr {
        match address {
            IpAddr::V4(address) => self.group_of_ipv4(address),
            IpAddr::V6(address) => match embedded_ipv4(address) {
                Some(address) => self.group_of_ipv4(address),
                None => Ipv6Addr::from_bits(address.to_bits() & self.ipv6).into(),
            },
        }
    }

    #[inline]
    fn group_of_ipv4(self, address: Ipv4Addr) -> IpAddr {
        Ipv4Addr::from_bits(address.to_bits() & self.ipv4).into()
    }
}

#[cfg(test)]
#[cfg(not(loom))]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_one_prefix_are_one() {
        for (prefixes, address, group) in [
            ((32, 64), "192.0.2.7", "192.0.2.7"),
            ((32, 64), "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
            ((24, 56), "192.0.2.7", "192.0.2.0"),
            ((24, 56), "2001:db8:1:2ff:3:4:5:6", "2001:db8:1:200::"),
            ((32, 64), "64:ff9b::192.0.2.7", "192.0.2.7"),
            ((24, 64), "64:ff9b:1::192.0.2.7", "192.0.2.0"),
            ((32, 64), "2002:c000:207:1::1", "192.0.2.7"),
            ((32, 64), "2002:c000:207:2::1", "192.0.2.7"),
            ((1, 1), "192.0.2.7", "128.0.0.0"),
            ((1, 128), "2001:db8::6", "2001:db8::6"),
            ((0, 0), "192.0.2.7", "0.0.0.0"),
            ((255, 255), "2001:db8::6", "2001:db8::6"),
        ] {
            let groups = AddressGroups::new(prefixes.0, prefixes.1);
            assert_eq!(groups.group(address.parse().unwrap()), group.parse::<IpAddr>().unwrap());
        }
    }
}
