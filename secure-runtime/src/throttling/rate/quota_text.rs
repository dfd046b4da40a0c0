//! A quota from its text: what the attribute takes, for configuration files and the environment.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use super::Quota;

/// A text that is not a rate, such as `100/hour`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidQuota {
    text: String,
}

impl fmt::Display for InvalidQuota {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = &self.text;
        write!(
            formatter,
            "`{text}` is not a rate: expected permits and a window of at most {} seconds, such as `100/h`, \
             `10/15min` or `100/h burst 20` (units: s, min, h, d)",
            u32::MAX
        )
    }
}

impl std::error::Error for InvalidQuota {}

/// Reads what [`Display`](fmt::Display) writes, and what `rate = "…"` takes: permits, a slash, a window in `s`,
/// `min`, `h` or `d`, and a burst if it differs from the permits.
///
/// ```
/// use secure_runtime::throttling::Quota;
///
/// let quota: Quota = "100/h burst 20".parse()?;
/// assert_eq!(quota.to_string(), "100/h burst 20");
/// assert_eq!("10/15min".parse::<Quota>()?.window().as_secs(), 900);
/// assert!("100/hour".parse::<Quota>().is_err());
/// # Ok::<(), secure_runtime::throttling::InvalidQuota>(())
/// ```
impl FromStr for Quota {
    type Err = InvalidQuota;

    fn from_str(text: &str) -> Result<Self, InvalidQuota> {
        parse(text).ok_or_else(|| InvalidQuota { text: text.chars().take(64).collect() })
    }
}

fn parse(text: &str) -> Option<Quota> {
    let (rate, burst) = match text.split_once(" burst ") {
        Some((rate, burst)) => (rate, Some(number(burst)?)),
        None => (text, None),
    };
    let (permits, window) = rate.split_once('/')?;
    let unit = window.trim_start_matches(|it: char| it.is_ascii_digit());
    let count = window.strip_suffix(unit)?;
    let seconds: u32 = match unit {
        "s" => 1,
        "min" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return None,
    };
    let count = if count.is_empty() { NonZeroU32::MIN } else { number(count)? };
    let window = NonZeroU32::new(count.get().checked_mul(seconds)?)?;
    let quota = Quota::new(number(permits)?, window);
    Some(burst.map_or(quota, |burst| quota.with_burst(burst)))
}

/// Digits alone: no sign, no space.
fn number(text: &str) -> Option<NonZeroU32> {
    let is_plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_plain { text.parse().ok() } else { None }
}

#[cfg(test)]
#[cfg(not(loom))]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_rates_are_read() {
        for (text, seconds) in
            [("7/s", 1), ("7/90s", 90), ("7/min", 60), ("7/2h", 7_200), ("7/7d", 604_800)]
        {
            let quota: Quota = text.parse().unwrap();
            assert_eq!(
                (quota.permits().get(), quota.window_seconds().get()),
                (7, seconds),
                "{text}"
            );
        }
        let bad = [
            "",
            "100",
            "/h",
            "100/",
            "0/h",
            "100/0h",
            "+1/h",
            "1/ h",
            " 1/h",
            "1/h ",
            "1/m",
            "1/hour",
            "1/h burst",
            "1/h burst 0",
            "1/h burst -1",
            "1/h  burst 2",
            "4294967296/s",
            "1/50000d",
            "1/h/h",
            "1/h burst 1 burst 2",
        ];
        for text in bad {
            let error = text.parse::<Quota>().unwrap_err().to_string();
            assert!(
                error.starts_with(&format!("`{text}` is not a rate: expected permits")),
                "{error}"
            );
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(permits in 1_u32.., window in 1_u32.., burst in 1_u32..) {
            let number = |it| NonZeroU32::new(it).unwrap();
            let quota = Quota::new(number(permits), number(window)).with_burst(number(burst));
            prop_assert_eq!(quota.to_string().parse(), Ok(quota));
        }

        #[test]
        fn nothing_panics(text in ".{0,40}") {
            let _ = text.parse::<Quota>();
        }
    }
}
