//! `TestSecurity`: a security for tests, ready to serve.

use super::{FakeClock, Issuer};
use crate::inventory::endpoints;
use crate::policy::{Access, Authenticators};
use crate::security::{LaunchError, Security, SecurityBuilder};

/// A [`Security`] for tests, with an issuer that mints tokens for any caller, and a clock that a test moves.
///
/// The [`Issuer`] replaces every authenticator that the test does not configure itself: the default one, unless a
/// default one is configured, and every other one that an endpoint of the program names. Its tokens are for the
/// protected resource, if the configuration describes one.
///
/// ```standalone_crate
/// use std::time::Duration;
/// use actix_web::{App, get, test};
/// use secure_runtime::{secure, testing::TestSecurity};
///
/// #[secure(auth = partner, roles = "admin", rate = "1/min")]
/// #[get("/admin")]
/// async fn admin() -> &'static str {
///     "welcome"
/// }
///
/// # #[actix_web::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let TestSecurity { security, issuer, clock, .. } = TestSecurity::new()?;
/// let app = test::init_service(App::new().app_data(security).service(admin)).await;
///
/// let call = || {
///     let token = issuer.token("alice").role("admin").sign();
///     test::TestRequest::get().uri("/admin").insert_header(("authorization", format!("Bearer {token}")))
/// };
/// assert_eq!(test::call_service(&app, call().to_request()).await.status(), 200);
/// assert_eq!(test::call_service(&app, call().to_request()).await.status(), 429);
/// clock.advance(Duration::from_secs(60));
/// assert_eq!(test::call_service(&app, call().to_request()).await.status(), 200);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct TestSecurity {
    /// The argument of `App::app_data`.
    pub security: Security,
    /// Mints the tokens that `security` accepts.
    pub issuer: Issuer,
    /// The clock of both, which only moves when a test moves it.
    pub clock: FakeClock,
}

impl TestSecurity {
    /// A security for every endpoint of the program.
    ///
    /// # Errors
    ///
    /// As [`SecurityBuilder::build`].
    pub fn new() -> Result<Self, LaunchError> {
        Self::with(|builder| builder)
    }

    /// The same, after the test has adapted the configuration: trusted proxies, another limit of the body,
    /// authenticators of its own. An authenticator that is configured here takes the place of the issuer
    /// that would stand in for it.
    ///
    /// ```standalone_crate
    /// use actix_web::{App, get, test};
    /// use secure_runtime::authentication::api_key::{ApiKey, ApiKeys, MemoryKeyStore};
    /// use secure_runtime::testing::{TestSecurity, assert_admitted};
    /// use secure_runtime::{Principal, secure};
    ///
    /// #[secure(auth = any(jwt, api_key))]
    /// #[get("/orders")]
    /// async fn orders(caller: Principal) -> String {
    ///     caller.subject().to_owned()
    /// }
    ///
    /// # #[actix_web::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let keys = MemoryKeyStore::new();
    /// let key = ApiKey::generate("shop", Principal::builder("partner"))?;
    /// keys.add(key.record())?;
    /// let TestSecurity { security, issuer, .. } =
    ///     TestSecurity::with(|builder| builder.named_authenticator("api_key", ApiKeys::new(keys)))?;
    /// let app = test::init_service(App::new().app_data(security).service(orders)).await;
    ///
    /// let by_token = test::TestRequest::get().uri("/orders").insert_header(issuer.token("ada").bearer());
    /// assert_admitted(&test::call_service(&app, by_token.to_request()).await);
    /// let by_key = test::TestRequest::get().uri("/orders").insert_header(("x-api-key", key.expose()));
    /// assert_admitted(&test::call_service(&app, by_key.to_request()).await);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`SecurityBuilder::build`].
    pub fn with(
        adapt: impl FnOnce(SecurityBuilder) -> SecurityBuilder,
    ) -> Result<Self, LaunchError> {
        Self::with_issuer(|builder, _, _| adapt(builder))
    }

    /// The same, for configurations that need the issuer or the clock: the issuer's
    /// [description](Issuer::jwt) with revocations, or with claims of the application.
    ///
    /// For a protected resource, add its audience: `issuer.jwt().audience(resource)`.
    ///
    /// ```standalone_crate
    /// use actix_web::{App, get, test};
    /// use secure_runtime::authentication::Revocations;
    /// use secure_runtime::testing::{TestSecurity, assert_admitted, assert_refused};
    /// use secure_runtime::secure;
    ///
    /// #[secure]
    /// #[get("/account")]
    /// async fn account() -> &'static str {
    ///     "account"
    /// }
    ///
    /// # #[actix_web::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut list = Revocations::in_memory();
    /// let TestSecurity { security, issuer, .. } = TestSecurity::with_issuer(|builder, issuer, clock| {
    ///     list = Revocations::builder().clock(clock.clone()).in_memory();
    ///     builder.authenticator("jwt", issuer.jwt().revocations(&list))
    /// })?;
    /// let app = test::init_service(App::new().app_data(security).service(account)).await;
    /// let ada = issuer.token("ada").bearer();
    /// let call = || test::TestRequest::get().uri("/account").insert_header(ada.clone()).to_request();
    ///
    /// assert_admitted(&test::call_service(&app, call()).await);
    /// list.revoke_subject("https://issuer.test", "ada");
    /// assert_refused(&test::call_service(&app, call()).await, "revoked");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`SecurityBuilder::build`].
    pub fn with_issuer(
        adapt: impl FnOnce(SecurityBuilder, &Issuer, &FakeClock) -> SecurityBuilder,
    ) -> Result<Self, LaunchError> {
        let clock = FakeClock::new();
        let mut issuer = Issuer::hs256().clock(clock.clone());
        let adapted = adapt(Security::builder().clock(clock.clone()), &issuer, &clock);
        if let Some(audience) = adapted.protected_resource.as_ref().map(|it| it.expected_audience())
        {
            issuer = issuer.audience(audience);
        }
        let stand_ins = stand_ins(&adapted, &issuer);
        let security = adapted.with_authenticators_of(stand_ins).build()?;
        Ok(Self { security, issuer, clock })
    }
}

/// The issuer in place of every authenticator that is not configured. A default one beside a default one
/// of the test would accept what that one refuses.
fn stand_ins(adapted: &SecurityBuilder, issuer: &Issuer) -> SecurityBuilder {
    let is_configured = |name: &str| adapted.configured().any(|(it, _)| it == name);
    let mut names = mentioned_authenticators();
    names.retain(|name| !is_configured(name) && !adapted.is_absent(name));
    let jwt = || issuer.jwt().dangerously_accept_test_keys();
    let mut stand_ins = Security::builder();
    if !adapted.configured().any(|(_, is_default)| is_default) {
        let unused = || ["jwt", "issuer", "test"].into_iter().find(|name| !is_configured(name));
        if let Some(name) = names.pop().or_else(unused) {
            stand_ins = stand_ins.authenticator(name, jwt());
        }
    }
    for name in names {
        stand_ins = stand_ins.named_authenticator(name, jwt());
    }
    stand_ins
}

/// Every name in an `auth` of the program, each once.
fn mentioned_authenticators() -> Vec<&'static str> {
    let mut names: Vec<&str> = endpoints()
        .iter()
        .flat_map(|endpoint| match endpoint.policy.access {
            Access::Optional(Authenticators::Any(names) | Authenticators::All(names))
            | Access::Lenient(Authenticators::Any(names) | Authenticators::All(names))
            | Access::Authenticated(Authenticators::Any(names) | Authenticators::All(names)) => {
                names
            }
            _ => &[],
        })
        .copied()
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}
