//! Why a token is accepted or not: every check with what was found, what was expected, and the call
//! that changes it.
//!
//! Nothing here decides anything: the checks are those of `profile`, `issuers`, `audience`, `caller`,
//! `claims` and `demands`, asked one by one instead of up to the first that fails. What is shown of a token are the
//! header's `alg`, `kid` and `typ`, and the claims that are checked; never its signature, nor other
//! claims.

use std::fmt;

use super::audience::CLIENT_CLAIMS;
use super::header::Header;
use super::json::Object;
use super::keys::Keys;
use super::profile::{HeaderType, Profile, USES};
use super::shown::{excerpt, listed, quoted, shown, shown_times};
use super::{Jwt, Rules};
use crate::authentication::ConfigurationErrors;
use crate::support::time::{Clock, Moment, SystemClock};

/// What each check of a token came to: see [`Jwt::explain_token`].
///
/// Its text has a line for each check. It shows claims of the token: it is for the operator, and not
/// for clients.
#[derive(Debug)]
pub struct TokenExplanation {
    checks: Vec<Check>,
    verdict: Result<(), String>,
}

impl TokenExplanation {
    /// Whether the token is accepted.
    #[must_use]
    pub fn is_accepted(&self) -> bool {
        self.verdict.is_ok()
    }
}

/// One check.
#[derive(Debug, Default)]
pub(super) struct Check {
    /// What is checked.
    what: &'static str,
    pub(super) fault: Option<&'static str>,
    pub(super) found: String,
    pub(super) expected: String,
    /// What to do about it, if something can be done here.
    pub(super) change: &'static str,
}

impl fmt::Display for TokenExplanation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Check { what, fault, found, expected, change } in &self.checks {
            match fault {
                None => writeln!(formatter, "ok      {what}: {found}")?,
                Some(cause) => {
                    writeln!(formatter, "FAILED  {what}: {cause}")?;
                    writeln!(formatter, "        found {found}, expected {expected}")?;
                    if !change.is_empty() {
                        writeln!(formatter, "        {change}")?;
                    }
                }
            }
        }
        match &self.verdict {
            Ok(()) => formatter.write_str("The token is accepted."),
            Err(cause) => write!(formatter, "The token is refused: {cause}."),
        }
    }
}

impl Jwt {
    /// Checks a token as the description says, and tells what each check came to: for a person who
    /// wonders why a token is refused. Published keys are fetched once, on the calling thread, which
    /// takes up to twenty seconds: not for a thread that serves requests. Revocations are not asked.
    ///
    /// # Errors
    ///
    /// What is wrong with the description, or why no keys could be fetched.
    ///
    /// ```
    /// use secure_runtime::authentication::{Jwt, Key};
    ///
    /// let secret = b"a secret of 32 bytes or still more";
    /// let jwt = Jwt::hs256(secret).issuer("https://issuer.example").audience("shop");
    /// let explanation = jwt.explain_token("not.a.token").unwrap();
    /// assert!(!explanation.is_accepted());
    /// println!("{explanation}");
    /// ```
    pub fn explain_token(&self, token: &str) -> Result<TokenExplanation, ConfigurationErrors> {
        self.explain_token_at(token, SystemClock::new().now())
    }

    /// [`explain_token`](Self::explain_token) at another time, for tests.
    ///
    /// # Errors
    ///
    /// The same.
    pub fn explain_token_at(
        &self,
        token: &str,
        now: Moment,
    ) -> Result<TokenExplanation, ConfigurationErrors> {
        let (keys, rules) = self.clone().keys_and_rules()?;
        Ok(rules.explain(&keys, token.trim().as_bytes(), now))
    }
}

impl Rules {
    fn explain(&self, keys: &Keys, token: &[u8], now: Moment) -> TokenExplanation {
        let mut checks = vec![Check {
            what: "length",
            fault: (token.len() > self.max_token_bytes).then_some("the token is too long"),
            found: format!("{} bytes", token.len()),
            expected: format!("at most {} bytes", self.max_token_bytes),
            change: "`.max_token_bytes(…)`, if tokens are this long",
        }];
        let header = Keys::unverified_header(token);
        let opened = keys.open(token, |_| Ok(()));
        let signed = opened.as_ref().err().map(|fault| fault.cause());
        let (algorithm, key_id) = match header.as_deref().map(Header::parse) {
            Some(Ok(header)) => (
                header.algorithm.into_owned(),
                header.key_id.map_or_else(|| "none".to_owned(), |id| quoted(&id)),
            ),
            _ => ("unreadable".to_owned(), "unreadable".to_owned()),
        };
        checks.push(Check {
            what: "form, key and signature",
            fault: signed,
            found: format!("`alg` {algorithm}, `kid` {key_id}"),
            expected: format!("one of the keys {keys}"),
            change: UNKNOWN_KEY,
        });
        let text = Keys::unverified_claims(token).and_then(|claims| String::from_utf8(claims).ok());
        let claims = text.as_deref().map(Object::parse);
        match (header.as_deref().map(Header::parse), claims) {
            (Some(Ok(header)), Some(Ok(claims))) => {
                checks.extend(self.checks(&header, &claims, now));
            }
            (_, None | Some(Err(_))) => checks.push(Check {
                what: "claims",
                fault: Some("the claims are not a strict JSON object"),
                found: "something else".to_owned(),
                expected: "one JSON object without a member twice".to_owned(),
                change: "",
            }),
            _ => {}
        }
        let first = checks.iter().find_map(|check| check.fault);
        TokenExplanation { verdict: first.map_or(Ok(()), |cause| Err(cause.to_owned())), checks }
    }

    /// Every check of header and claims.
    pub(super) fn checks(
        &self,
        header: &Header<'_>,
        claims: &Object<'_>,
        now: Moment,
    ) -> Vec<Check> {
        let said = self.check_type(header).unwrap_or(HeaderType::Unsaid);
        let subject = self.subject(claims);
        let times = self.check_token_times(claims, now);
        vec![
            self.explain_type(header),
            self.explain_issuer(claims),
            self.explain_kind(claims, said),
            self.explain_audience(claims),
            Check {
                what: "client",
                fault: self.check_client(claims).err(),
                found: shown(claims, &CLIENT_CLAIMS),
                expected: match self.client_ids.is_empty() {
                    true => "a claim that names the client".to_owned(),
                    false => format!("one of {}", listed(&self.client_ids)),
                },
                change: match self.client_ids.is_empty() || self.client(claims).is_none() {
                    true => {
                        "have the client send its access token: ID tokens do not name their client \
                         here"
                    }
                    false => "`.client_ids([…])`, if tokens of this client are meant for this API",
                },
            },
            Check {
                what: "caller",
                fault: subject.as_ref().err().copied(),
                found: subject.as_ref().map_or_else(|_| "none".to_owned(), |name| quoted(name)),
                expected: self.subject.as_ref().map_or_else(
                    || "`sub`".to_owned(),
                    |path| format!("`{}`", path.names().join(".")),
                ),
                change: "have the issuer add `sub` (Keycloak: the client scope `basic`), or say who \
                         the caller is with `.subject_claim(…)` or `.client_as_subject()`",
            },
            Check {
                what: "times",
                fault: times.err(),
                found: shown_times(claims, now),
                expected: "`exp` to come, `nbf` and `iat` not".to_owned(),
                change: "compare the clocks; `.leeway(…)` allows for a difference",
            },
            Check {
                what: "identifiers",
                fault: self.check_identifiers(claims).err(),
                found: shown(claims, &["jti", "client_id", "sid"]),
                expected: "names".to_owned(),
                change: match self.profile {
                    Profile::Rfc9068 => {
                        "`.profile(Profile::AccessToken)`, if this issuer does not follow RFC 9068"
                    }
                    _ => {
                        "`.revocations(…)` knows tokens by `jti` and sessions by `sid`: have the \
                         issuer write names, or say where they are with `.token_id_claim(…)` and \
                         `.session_claim(…)`"
                    }
                },
            },
            Check {
                what: "binding to a key",
                fault: super::claims::check_unbound(claims).err(),
                found: if claims.given("cnf").is_some() { "`cnf`" } else { "none" }.to_owned(),
                expected: "no `cnf`".to_owned(),
                change: "have the issuer issue plain bearer tokens for this API",
            },
            self.explain_demands(claims),
            Check {
                what: "roles, scopes, permissions, tenant and tier",
                fault: self.check_grants(claims).err(),
                found: self.shown_grants(claims),
                expected: "a list of names, or one name".to_owned(),
                change: "name the claim and its form with `.roles_claim(…)` or another of its kind",
            },
        ]
    }

    fn explain_type(&self, header: &Header<'_>) -> Check {
        let found = header.media_type.as_deref();
        Check {
            what: "`typ` of the header",
            fault: self.check_type(header).err(),
            found: found
                .map_or_else(|| "no `typ`".to_owned(), |name| format!("`typ` {}", quoted(name))),
            expected: match self.profile {
                Profile::Rfc9068 => "`at+jwt` (RFC 9068)",
                Profile::IdToken => "`JWT`, or none",
                Profile::AccessToken | Profile::Jwt => "`at+jwt`, `JWT`, or none",
            }
            .to_owned(),
            change: match self.profile {
                Profile::Rfc9068 => {
                    "`.profile(Profile::AccessToken)`, if this issuer does not follow RFC 9068"
                }
                _ => "`.accept_typ(…)`, if tokens of this `typ` are access tokens",
            },
        }
    }

    fn explain_issuer(&self, claims: &Object<'_>) -> Check {
        Check {
            what: "`iss`",
            fault: self.check_issuer(claims).err(),
            found: shown(claims, &["iss"]),
            expected: match &self.issuers.tenants {
                Some(tenants) => format!("`{}` of a tenant that is accepted", tenants.template),
                None => quoted(self.issuer()),
            },
            change: "write the issuer exactly as tokens have it, with its slash, if it has one; \
                     `.other_issuer_spelling(…)` accepts a second spelling",
        }
    }

    fn explain_kind(&self, claims: &Object<'_>, said: HeaderType) -> Check {
        let uses = USES.map(|(claim, _)| claim);
        let marks = ["azp", "nonce", "at_hash", "c_hash", "s_hash", "events", "scope", "scp"];
        let is_there = |claim: &&str| claims.given(claim).is_some();
        let marks: Vec<&str> = marks.iter().copied().filter(|claim| is_there(claim)).collect();
        Check {
            what: "kind of token",
            fault: self.check_kind(claims, said).err(),
            found: match marks.is_empty() {
                true => shown(claims, &uses),
                false => format!("{}; claims `{}`", shown(claims, &uses), marks.join("`, `")),
            },
            expected: match self.profile {
                Profile::IdToken => "an ID token",
                Profile::Jwt => "any token",
                Profile::AccessToken | Profile::Rfc9068 => "an access token",
            }
            .to_owned(),
            change: match self.profile {
                Profile::IdToken => "`.profile(Profile::AccessToken)`, if access tokens are meant",
                _ => {
                    "have the client send its access token; `.profile(Profile::IdToken)`, if ID \
                      tokens are meant; `.claim(\"typ\").is(…)`, if this issuer calls it so"
                }
            },
        }
    }

    fn explain_audience(&self, claims: &Object<'_>) -> Check {
        Check {
            what: "`aud`",
            fault: self.check_audience(claims).err(),
            found: shown(claims, &["aud"]),
            expected: match (self.any_audience, self.audiences.as_slice()) {
                (true, _) => "any".to_owned(),
                (false, []) => "no `aud`: only clients are named here".to_owned(),
                (false, audiences) => format!("one of {}", listed(audiences)),
            },
            change: "have the client request a token for this API; if `found` is this API's own name, add `.audience(…)`",
        }
    }

    fn explain_demands(&self, claims: &Object<'_>) -> Check {
        let missing = self.required.iter().find(|name| claims.given(name).is_none());
        let unmet = self.unmet(claims);
        Check {
            what: "claims that are demanded",
            fault: self.check_required(claims).err(),
            found: match (missing, unmet) {
                (Some(name), _) => format!("no `{name}`"),
                (None, Some(demand)) => {
                    let found = demand.path.find(claims).ok().flatten();
                    found.map_or_else(|| "nothing".to_owned(), excerpt)
                }
                (None, None) => "as demanded".to_owned(),
            },
            expected: match (missing, unmet) {
                (Some(name), _) => format!("`{name}`"),
                (None, Some(demand)) => demand.to_string(),
                (None, None) => "as demanded".to_owned(),
            },
            change: "have the issuer add this claim or value, or remove the `.claim(…)` or `.require_claim(…)` that demands it",
        }
    }

    fn shown_grants(&self, claims: &Object<'_>) -> String {
        let paths = [&self.places.roles, &self.places.scopes, &self.places.permissions];
        let paths = paths.into_iter().flat_map(|grant| &grant.paths);
        let paths = paths.chain(&self.places.tenant).chain(&self.places.tier);
        let found = paths.map(|path| {
            let found = path.find(claims).ok().flatten();
            let found = found.map_or_else(|| "none".to_owned(), excerpt);
            format!("`{}` {found}", path.names().join("."))
        });
        found.collect::<Vec<_>>().join(", ")
    }
}

/// What to do about a token whose key is not known.
pub(super) const UNKNOWN_KEY: &str = "check that the token is from this issuer and that its key set has \
                                      this `kid`; the log at `warn` lists keys that were left out";
