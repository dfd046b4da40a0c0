//! Compares two networks, or two spans of hours: one contains the other, or they are disjoint.

use std::net::IpAddr;

use crate::model::hours::{Hours, MINUTES_OF_A_WEEK};

/// The relation of the first to the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Relation {
    /// The second contains the first.
    Within,
    /// The first contains the second.
    Around,
    /// They are disjoint.
    Apart,
}

/// The relation of two lists of networks in canonical form; `None` if they overlap, or cannot be
/// parsed.
pub(super) fn of_networks(one: &[String], other: &[String]) -> Option<Relation> {
    let read = |list: &[String]| list.iter().map(|text| network(text)).collect::<Option<Vec<_>>>();
    let (one, other) = (read(one)?, read(other)?);
    let within = |inner: &[Network], outer: &[Network]| {
        inner.iter().all(|inner| outer.iter().any(|outer| outer.contains(inner)))
    };
    let meet = |(a, b): (&Network, &Network)| a.contains(b) || b.contains(a);
    if within(&one, &other) {
        Some(Relation::Within)
    } else if within(&other, &one) {
        Some(Relation::Around)
    } else {
        let mut pairs = one.iter().flat_map(|a| other.iter().map(move |b| (a, b)));
        (!pairs.any(meet)).then_some(Relation::Apart)
    }
}

/// The relation of two spans of hours, minute by minute; `None` for different time zones.
pub(super) fn of_hours(one: &Hours, other: &Hours) -> Option<Relation> {
    if one.zone != other.zone {
        return None;
    }
    let all = |holds: fn(bool, bool) -> bool| {
        (0..MINUTES_OF_A_WEEK).all(|minute| holds(one.include(minute), other.include(minute)))
    };
    if all(|one, other| !one || other) {
        Some(Relation::Within)
    } else if all(|one, other| one || !other) {
        Some(Relation::Around)
    } else {
        all(|one, other| !(one && other)).then_some(Relation::Apart)
    }
}

/// Whether the hours are every hour of the week.
pub(super) fn is_always(hours: &Hours) -> bool {
    (0..MINUTES_OF_A_WEEK).all(|minute| hours.include(minute))
}

struct Network {
    is_v4: bool,
    bits: u128,
    length: u32,
}

impl Network {
    fn contains(&self, inner: &Self) -> bool {
        let differ = self.bits ^ inner.bits;
        let beyond = differ.checked_shr(128 - self.length).unwrap_or_default();
        self.is_v4 == inner.is_v4 && self.length <= inner.length && beyond == 0
    }
}

fn network(text: &str) -> Option<Network> {
    let (address, length) = text.split_once('/')?;
    let bits = match address.parse().ok()? {
        IpAddr::V4(address) => u128::from(address.to_bits()) << 96,
        IpAddr::V6(address) => address.to_bits(),
    };
    let length = length.parse().ok().filter(|length| *length <= 128)?;
    Some(Network { is_v4: !address.contains(':'), bits, length })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn networks(one: &str, other: &str) -> Option<Relation> {
        let list = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        of_networks(&list(one), &list(other))
    }

    #[test]
    fn networks_lie_within_each_other_or_apart_or_overlap() {
        for (one, other, expected) in [
            ("10.1.0.0/16", "10.0.0.0/8", Some(Relation::Within)),
            ("10.0.0.0/8", "10.1.0.0/16", Some(Relation::Around)),
            ("10.0.0.0/8", "11.0.0.0/8", Some(Relation::Apart)),
            ("10.0.0.0/8", "10.0.0.0/8 ::1/128", Some(Relation::Within)),
            ("10.0.0.0/8 9.0.0.0/8", "10.1.0.0/16 8.0.0.0/8", None),
            ("0.0.0.0/0", "::/0", Some(Relation::Apart)),
            ("::/0", "2001:db8::/32", Some(Relation::Around)),
            ("255.255.255.255/32", "255.255.255.254/31", Some(Relation::Within)),
            ("::1/128", "::2/128", Some(Relation::Apart)),
        ] {
            assert_eq!(networks(one, other), expected, "{one} and {other}");
        }
    }

    #[test]
    fn hours_lie_within_each_other_or_apart_or_overlap() {
        let hours = |text: &str| text.parse::<Hours>().unwrap();
        for (one, other, expected) in [
            ("Mon 09:00-17:00 UTC", "Mon-Fri 09:00-17:00 UTC", Some(Relation::Within)),
            ("08:00-18:00 UTC", "Mon-Fri 09:00-17:00 UTC", Some(Relation::Around)),
            ("09:00-12:00 UTC", "12:00-17:00 UTC", Some(Relation::Apart)),
            ("09:00-13:00 UTC", "12:00-17:00 UTC", None),
            ("Tue 00:00-06:00 UTC", "Mon 22:00-06:00 UTC", Some(Relation::Within)),
            ("Mon 00:00-06:00 UTC", "Mon 22:00-06:00 UTC", Some(Relation::Apart)),
            ("09:00-12:00 UTC", "13:00-17:00 Europe/Berlin", None),
        ] {
            assert_eq!(of_hours(&hours(one), &hours(other)), expected, "{one} and {other}");
        }
        assert!(is_always(&hours("00:00-24:00 UTC")) && !is_always(&hours("12:00-11:59 UTC")));
    }
}
