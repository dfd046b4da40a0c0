//! What happens to requests beyond a limit.

use std::fmt;

use serde::{Serialize, Serializer};

/// What happens to requests beyond a limit.
///
/// # What holds
///
/// The attribute (`mode = observe`, `mode = "20%"`) and the configuration
/// ([`limit_mode`](crate::SecurityBuilder::limit_mode)) can both set a mode. **The stricter one applies; if
/// neither sets one, limits are enforced.** So shadow mode in the configuration does not weaken a limit with
/// `mode = enforce`, and a configuration that enforces leaves no limit in shadow mode.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LimitMode {
    /// They are rejected.
    #[default]
    Enforce,
    /// Shadow mode: they are admitted, counted and logged. They take no permits, so the counts are those of
    /// requests that would have been rejected.
    Observe,
    /// They are rejected for this percentage of keys (callers, addresses, or the other values that the limit
    /// counts by), and in shadow mode for the others. The same key is always inside or always outside, and a
    /// larger percentage only adds keys. 0 is `Observe`, 100 is `Enforce`; more is a startup error.
    ///
    /// All processes of one build select the same keys, for every partition, and whether or not instances
    /// count together. It is a way to introduce a limit. It is not secret: a client can find out whether it
    /// is inside.
    Percent(u8),
}

/// The configured modes of limits and of failure budgets.
#[derive(Clone, Copy, Default)]
pub(crate) struct ConfiguredModes {
    pub(crate) limits: Option<LimitMode>,
    pub(crate) failures: Option<LimitMode>,
}

impl LimitMode {
    /// The percentage of keys for which the limit is enforced.
    pub(crate) fn percent(self) -> u8 {
        match self {
            Self::Enforce => 100,
            Self::Observe => 0,
            Self::Percent(share) => share.min(100),
        }
    }

    pub(crate) fn of_percent(share: u8) -> Self {
        match share {
            0 => Self::Observe,
            1..100 => Self::Percent(share),
            _ => Self::Enforce,
        }
    }

    /// Writes the suffix of a limit that is not enforced for all keys.
    pub(crate) fn write_of_limit(self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Enforce => Ok(()),
            Self::Observe => formatter.write_str(" observed"),
            Self::Percent(share) => write!(formatter, " enforced for {share}%"),
        }
    }

    /// The mode from those of the attribute and the configuration.
    pub(crate) fn stricter(attribute: Option<Self>, configuration: Option<Self>) -> Self {
        let said = attribute.into_iter().chain(configuration);
        said.map(Self::percent).max().map_or(Self::Enforce, Self::of_percent)
    }
}

/// In the notation of the attribute: `enforce`, `observe`, `20%`.
impl fmt::Display for LimitMode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Enforce => formatter.write_str("enforce"),
            Self::Observe => formatter.write_str("observe"),
            Self::Percent(share) => write!(formatter, "{share}%"),
        }
    }
}

/// As `Display` prints it.
impl Serialize for LimitMode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
#[cfg(not(loom))]
mod tests {
    use super::LimitMode::{Enforce, Observe, Percent};
    use super::*;

    #[test]
    fn of_what_is_said_the_stricter_holds() {
        for (attribute, configuration, holds) in [
            (None, None, Enforce),
            (Some(Observe), None, Observe),
            (None, Some(Observe), Observe),
            (Some(Enforce), Some(Observe), Enforce),
            (Some(Observe), Some(Enforce), Enforce),
            (Some(Percent(20)), Some(Observe), Percent(20)),
            (Some(Percent(20)), Some(Percent(30)), Percent(30)),
            (Some(Percent(0)), None, Observe),
            (None, Some(Percent(100)), Enforce),
        ] {
            assert_eq!(LimitMode::stricter(attribute, configuration), holds);
        }
    }
}
