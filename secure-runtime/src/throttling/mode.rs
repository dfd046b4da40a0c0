//! What happens to requests beyond a limit.

use std::fmt;

use serde::{Serialize, Serializer};

/// What happens to requests beyond a limit.
///
/// # What holds
///
/// The attribute (`mode = observe`, `mode = "20%"`) and the configuration
/// ([`limit_mode`](crate::SecurityBuilder::limit_mode)) may both say something, or neither. **Of what
/// is said, the stricter holds; where nothing is said, limits are enforced.** So a configuration that
/// observes spares no limit that says `mode = enforce`, and one that enforces leaves no limit observed,
/// whatever was forgotten in an attribute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LimitMode {
    /// They are refused.
    #[default]
    Enforce,
    /// They are admitted, counted and logged. They take no permits: the figures are those of
    /// requests that would have been refused.
    Observe,
    /// They are refused for so many of a hundred keys (callers, addresses, whatever the limit counts
    /// by), and observed for the others. The same key is always in or always out, and a larger
    /// figure only adds keys. 0 is `Observe`, 100 is `Enforce`; more is a fault at launch.
    ///
    /// All processes of one build draw the same keys, whatever a limit counts by, and whether or not
    /// instances count together. It is a way to introduce a limit, not a secret: a client can find out
    /// whether it is in.
    Percent(u8),
}

/// What the configuration says of requests beyond limits, and of whoever is banned.
#[derive(Clone, Copy, Default)]
pub(crate) struct ConfiguredModes {
    pub(crate) limits: Option<LimitMode>,
    pub(crate) failures: Option<LimitMode>,
}

impl LimitMode {
    /// For how many of a hundred keys it refuses.
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

    /// What is said of a limit that is not enforced for everybody.
    pub(crate) fn write_of_limit(self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Enforce => Ok(()),
            Self::Observe => formatter.write_str(" observed"),
            Self::Percent(share) => write!(formatter, " enforced for {share}%"),
        }
    }

    /// What holds where an attribute and the configuration say this.
    pub(crate) fn stricter(attribute: Option<Self>, configuration: Option<Self>) -> Self {
        let said = attribute.into_iter().chain(configuration);
        said.map(Self::percent).max().map_or(Self::Enforce, Self::of_percent)
    }
}

/// As an attribute writes it: `enforce`, `observe`, `20%`.
impl fmt::Display for LimitMode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Enforce => formatter.write_str("enforce"),
            Self::Observe => formatter.write_str("observe"),
            Self::Percent(share) => write!(formatter, "{share}%"),
        }
    }
}

/// As it is shown.
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
