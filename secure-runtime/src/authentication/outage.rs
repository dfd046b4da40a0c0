//! Outages of something over the network, and which log lines an outage gets.

use std::sync::Arc;
use std::time::{Duration, Instant};

/// The outage there is, if there is one.
#[derive(Debug, Default)]
pub(crate) struct Outage(Option<Begun>);

#[derive(Debug)]
struct Begun {
    cause: Arc<str>,
    at: Instant,
    attempts: u64,
}

/// An outage that is over.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Over {
    pub(crate) lasted: Duration,
    /// How many attempts failed.
    pub(crate) attempts: u64,
}

impl Outage {
    /// Takes in a failed attempt; whether it is news: the first one, or one with another cause.
    pub(crate) fn failed(&mut self, cause: &str) -> bool {
        let Some(begun) = &mut self.0 else {
            self.0 = Some(Begun { cause: cause.into(), at: Instant::now(), attempts: 1 });
            return true;
        };
        begun.attempts += 1;
        let is_news = *begun.cause != *cause;
        if is_news {
            begun.cause = cause.into();
        }
        is_news
    }

    /// Takes in a good attempt: the outage that it ends.
    pub(crate) fn ended(&mut self) -> Option<Over> {
        let Begun { at, attempts, .. } = self.0.take()?;
        Some(Over { lasted: at.elapsed(), attempts })
    }

    /// Why the last attempt failed, if it did.
    #[cfg(feature = "introspection")]
    pub(crate) fn cause(&self) -> Option<Arc<str>> {
        self.0.as_ref().map(|begun| Arc::clone(&begun.cause))
    }
}

/// A cause that is not longer than a log line should be: a provider may have written most of it.
pub(crate) fn shortened(mut cause: String) -> String {
    if let Some((end, _)) = cause.char_indices().nth(MOST_CHARACTERS) {
        cause.truncate(end);
        cause.push('…');
    }
    cause
}

const MOST_CHARACTERS: usize = 1000;

/// A duration as a person reads it.
pub(crate) fn duration(duration: Duration) -> String {
    match duration.as_secs() {
        0 => format!("{} ms", duration.as_millis()),
        seconds @ 1..120 => format!("{seconds} s"),
        seconds => format!("{} min", seconds / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cause_is_news_once_and_the_end_says_how_often_it_failed() {
        let mut outage = Outage::default();
        assert_eq!(outage.ended(), None);
        let told = ["a", "a", "b", "b", "a"].map(|cause| outage.failed(cause));
        assert_eq!(told, [true, false, true, false, true]);
        assert_eq!(outage.ended().map(|over| over.attempts), Some(5));
        assert_eq!(outage.ended(), None);
        assert!(outage.failed("a"));
    }

    #[test]
    fn durations_are_short() {
        let shown = [0, 999, 1_000, 119_999, 120_000, 3_600_000]
            .map(|millis| duration(Duration::from_millis(millis)));
        assert_eq!(shown, ["0 ms", "999 ms", "1 s", "119 s", "2 min", "60 min"]);
    }
}
