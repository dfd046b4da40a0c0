//! The `WWW-Authenticate` values of an endpoint, built at startup.
//!
//! 1. One challenge for each scheme that the endpoint accepts, in the order of its authenticators. If several
//!    authenticators share a scheme, it has the parameters of the first one.
//! 2. Without credentials, no challenge contains an error (RFC 6750 section 3.1).
//! 3. Rejected credentials: the challenge of their scheme contains the error, the others do not.
//! 4. Missing scope: the challenge of the caller's own scheme alone, if it has a parameter for it.
//! 5. If the API is described as a protected resource, the challenges of OAuth 2.0 contain the URL of its
//!    metadata (RFC 9728 section 5.1).
//! 6. Step-up: the challenge of the caller's own scheme contains the error and the requirements, if the
//!    scheme has parameters for them (RFC 9470 section 3).

use std::sync::Arc;

use crate::authentication::{Authenticator, Challenge};
use crate::authorization::scopes_of;
use crate::denial::DenialKind;
use crate::policy::{Policy, StepUp};

/// Values of one response.
pub(crate) type Lines = Arc<[Box<str>]>;

/// The values of each outcome.
pub(crate) struct Challenges {
    /// The index of each authenticator's scheme.
    schemes: Box<[usize]>,
    missing: Lines,
    invalid_request: ByScheme,
    invalid_token: ByScheme,
    insufficient_scope: ByScheme,
    step_up: ByScheme,
}

/// The values of an outcome, by the scheme that it concerns.
struct ByScheme {
    each: Box<[Lines]>,
    /// The values if the scheme is unknown.
    any: Lines,
}

impl Challenges {
    pub(crate) fn new(
        authenticators: &[Arc<dyn Authenticator>],
        policy: &Policy,
        metadata: Option<&str>,
    ) -> Self {
        let mut challenges: Vec<Challenge> = Vec::new();
        let mut schemes = Vec::new();
        for challenge in authenticators.iter().map(|authenticator| authenticator.challenge()) {
            let known = challenges.iter().position(|known| known.is_of_scheme(&challenge));
            schemes.push(known.unwrap_or(challenges.len()));
            if known.is_none() {
                challenges.push(match metadata.filter(|_| speaks_oauth(&challenge)) {
                    Some(url) => challenge.parameter("resource_metadata", url),
                    None => challenge,
                });
            }
        }
        let with_error = |challenge: &Challenge, kind: DenialKind| {
            let error = kind.error_code().unwrap_or_default();
            challenge.clone().parameter("error", error)
        };
        let told = |kind, demanded: &[(&'static str, String)]| {
            ByScheme::new(&challenges, |challenge, is_concerned| {
                if !(is_concerned && speaks_oauth(challenge)) {
                    return Some(challenge.clone());
                }
                let demanded = demanded.iter().cloned();
                let told = demanded.fold(with_error(challenge, kind), |told, (name, value)| {
                    told.parameter(name, value)
                });
                Some(told)
            })
        };
        let scopes = scopes_of(&policy.rule).join(" ");
        Self {
            schemes: schemes.into(),
            missing: lines(challenges.iter().cloned()),
            invalid_request: told(DenialKind::InvalidCredentials, &[]),
            invalid_token: told(DenialKind::InvalidToken, &[]),
            insufficient_scope: ByScheme::new(&challenges, |challenge, is_concerned| {
                let challenge = with_error(challenge, DenialKind::InsufficientScope);
                let challenge = challenge.parameter("scope", scopes.as_str());
                (is_concerned && speaks_oauth(&challenge)).then_some(challenge)
            }),
            step_up: told(DenialKind::InsufficientAuthentication, &demanded(policy.step_up)),
        }
    }

    /// The values for a denial of this kind; `concerned` is the index of the authenticator whose credentials
    /// it concerns, if it is known.
    pub(crate) fn of(&self, kind: DenialKind, concerned: Option<usize>) -> Option<Lines> {
        let by_scheme = match kind {
            DenialKind::Unauthenticated => return Some(Arc::clone(&self.missing)),
            DenialKind::InvalidCredentials => &self.invalid_request,
            DenialKind::InvalidToken => &self.invalid_token,
            DenialKind::InsufficientScope => &self.insufficient_scope,
            DenialKind::InsufficientAuthentication => &self.step_up,
            _ => return None,
        };
        let scheme = concerned.and_then(|authenticator| self.schemes.get(authenticator));
        let lines = scheme.and_then(|scheme| by_scheme.each.get(*scheme));
        Some(Arc::clone(lines.unwrap_or(&by_scheme.any)))
    }
}

impl ByScheme {
    /// `write` builds the challenge of a scheme; its argument is whether the outcome concerns this scheme.
    fn new(
        challenges: &[Challenge],
        write: impl Fn(&Challenge, bool) -> Option<Challenge>,
    ) -> Self {
        let about = |is_concerned: &dyn Fn(usize) -> bool| {
            let schemes = challenges.iter().enumerate();
            lines(schemes.filter_map(|(place, challenge)| write(challenge, is_concerned(place))))
        };
        Self {
            each: (0..challenges.len()).map(|scheme| about(&|place| place == scheme)).collect(),
            any: about(&|_| true),
        }
    }
}

fn lines(challenges: impl Iterator<Item = Challenge>) -> Lines {
    challenges.map(|challenge| challenge.to_string().into_boxed_str()).collect()
}

/// The step-up parameters. There is no parameter for methods, so the description contains them.
fn demanded(step_up: Option<StepUp>) -> Vec<(&'static str, String)> {
    let Some(StepUp { max_age_seconds, acr, amr }) = step_up else { return Vec::new() };
    let methods: Vec<String> = amr.iter().map(|names| names.join(" or ")).collect();
    let methods = format!("expected the methods: {}", methods.join(", "));
    let described = (!amr.is_empty()).then_some(("error_description", methods));
    let classes = (!acr.is_empty()).then(|| ("acr_values", acr.join(" ")));
    let max_age = max_age_seconds.map(|seconds| ("max_age", seconds.to_string()));
    described.into_iter().chain(classes).chain(max_age).collect()
}

/// Whether the scheme's challenge has the parameters of RFC 6750 section 3 (RFC 9449 section 7.1
/// for `DPoP`); other schemes define none of them.
fn speaks_oauth(challenge: &Challenge) -> bool {
    ["Bearer", "DPoP"].iter().any(|scheme| challenge.scheme().eq_ignore_ascii_case(scheme))
}
