//! What a configuration says of budgets for failures: the one that is on by default, how long bans
//! last, and whether they are enforced.

use std::time::Duration;

use super::SecurityBuilder;
use crate::plan::FailedAuthentication;
use crate::throttling::LimitMode;

impl SecurityBuilder {
    /// A bound of an hour, as the longest wait that NIST SP 800-63B section 5.2.2 suggests.
    pub(super) const LONGEST_BAN: Duration = Duration::from_secs(3600);

    /// Sets how much failed authentication an address may cause, on all endpoints together that have
    /// no `failures` of their own. Default: 100 refused credentials a minute; see
    /// [`FailedAuthentication`].
    ///
    /// It is counted where an address is believably one client's: what the
    /// [trusted proxies](Self::trusted_proxies) say, or else a public address whose requests show no
    /// sign of a proxy. Name the proxies, or say that there are none with an empty list.
    pub fn failed_authentication(mut self, budget: FailedAuthentication) -> Self {
        self.failed_authentication = budget;
        self
    }

    /// Sets how long a ban for failures lasts at most, a second at least. Default: an hour.
    ///
    /// The first lasts one window of its budget, each further one twice as long, and one is forgiven
    /// in twice this time.
    pub fn longest_ban(mut self, duration: Duration) -> Self {
        self.longest_ban = duration;
        self
    }

    /// Says what happens to whoever is banned for failures, for all budgets of the program. Default: they
    /// are refused.
    ///
    /// Where an attribute says something as well (`failures("10/min", mode = observe)`), the stricter of
    /// the two holds. [`limit_mode`](Self::limit_mode) says nothing of bans: whoever tries limits out does
    /// not let guessers go on. A percentage is of addresses.
    ///
    /// ```
    /// use secure_runtime::{Security, throttling::LimitMode};
    ///
    /// // Whom would today's budgets ban, the default one among them?
    /// let builder = Security::builder().failure_mode(LimitMode::Observe);
    /// # drop(builder);
    /// ```
    pub fn failure_mode(mut self, mode: LimitMode) -> Self {
        self.failure_mode = Some(mode);
        self
    }
}
