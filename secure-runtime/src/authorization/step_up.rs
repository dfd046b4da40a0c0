//! Step-up authentication: checks that the caller signed in as an endpoint requires (RFC 9470).
//!
//! 1. Fail closed: if the credentials do not state when or how the caller signed in, the caller has to sign in
//!    again.
//! 2. A sign-in time in the future counts as missing.
//! 3. The classes and methods are compared exactly (OpenID Connect Core 1.0 section 2).

use crate::policy::StepUp;
use crate::principal::Principal;
use crate::support::time::Moment;

/// The requirements that the caller's sign-in does not meet, for the log.
pub(crate) fn lacks(demanded: &StepUp, caller: &Principal, now: Moment) -> Option<&'static str> {
    let StepUp { max_age_seconds, acr, amr } = demanded;
    if let Some(longest) = max_age_seconds {
        let Some(at) = caller.authenticated_at_unix() else {
            return Some("the credentials do not say when the caller signed in");
        };
        let at = at.saturating_mul(NANOS_PER_SECOND);
        match now.unix_nanos().checked_sub(at) {
            None => return Some("the caller signs in some time in the future"),
            Some(age) if age > u64::from(longest.get()) * NANOS_PER_SECOND => {
                return Some("the caller signed in too long ago");
            }
            Some(_) => {}
        }
    }
    if !acr.is_empty() && !caller.acr().is_some_and(|found| acr.contains(&found)) {
        return Some("the caller's `acr` is none of those demanded");
    }
    if !amr.iter().all(|methods| caller.amr().any(|used| methods.contains(&used))) {
        return Some("the caller's `amr` lacks a method demanded");
    }
    None
}

const NANOS_PER_SECOND: u64 = 1_000_000_000;

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;
    use std::time::Duration;

    use super::*;

    const NOW: u64 = 1_900_000_000;

    fn holds(demanded: StepUp, caller: &Principal, now: Duration) -> bool {
        lacks(&demanded, caller, Moment::new(Duration::ZERO, now)).is_none()
    }

    #[test]
    fn an_age_is_counted_to_the_nanosecond() {
        let demanded = StepUp { max_age_seconds: NonZeroU32::new(300), acr: &[], amr: &[] };
        let now = Duration::from_secs(NOW);
        let signed_in = |at| Principal::builder("ada").authenticated_at_unix(at).build();
        let check = |caller: &Principal, now, expected| {
            assert_eq!(holds(demanded, caller, now), expected, "{caller:?}");
        };
        check(&signed_in(NOW), now, true);
        check(&signed_in(NOW - 300), now, true);
        check(&signed_in(NOW - 300), now + Duration::from_nanos(1), false);
        check(&signed_in(NOW - 301), now, false);
        check(&signed_in(NOW + 1), now, false);
        check(&signed_in(u64::MAX), now, false);
        check(&signed_in(0), now, false);
        check(&Principal::builder("ada").build(), now, false);
    }

    #[test]
    fn one_class_is_enough_and_a_method_of_each_list_is_needed() {
        let demanded = StepUp {
            max_age_seconds: None,
            acr: &["phr", "mfa"],
            amr: &[&["otp", "hwk"], &["pwd"]],
        };
        let check = |acr: Option<&str>, amr: &[&str], expected| {
            let caller = Principal::builder("ada").amr(amr.iter().copied());
            let caller = match acr {
                Some(acr) => caller.acr(acr),
                None => caller,
            };
            let found = holds(demanded, &caller.build(), Duration::from_secs(NOW));
            assert_eq!(found, expected, "{acr:?} {amr:?}");
        };
        check(Some("mfa"), &["pwd", "otp"], true);
        check(Some("phr"), &["hwk", "user", "pwd"], true);
        check(Some("MFA"), &["pwd", "otp"], false);
        check(Some("mfa phr"), &["pwd", "otp"], false);
        check(None, &["pwd", "otp"], false);
        check(Some("mfa"), &["pwd"], false);
        check(Some("mfa"), &["otp", "hwk"], false);
        check(Some("mfa"), &[], false);
    }
}
