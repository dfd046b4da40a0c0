//! A security for tests, ready to serve.

use super::{FakeClock, Issuer};
use crate::inventory::endpoints;
use crate::policy::{Access, Authenticators};
use crate::security::{LaunchError, Security, SecurityBuilder};

/// A [`Security`] whose callers are whomever a test wants, at whatever time.
///
/// The [`Issuer`] stands in for every authenticator: it is the default one, and it has every name
/// that an endpoint of the program mentions. Its tokens are for the protected resource, if the
/// configuration describes one.
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
/// let TestSecurity { security, issuer, clock } = TestSecurity::new()?;
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
pub struct TestSecurity {
    /// What goes into `App::app_data`.
    pub security: Security,
    /// Mints the tokens that it accepts.
    pub issuer: Issuer,
    /// Its clock, which stands still until a test moves it.
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

    /// The same, after the test has adapted the configuration: more authenticators, trusted
    /// proxies, another limit of the body.
    ///
    /// # Errors
    ///
    /// As [`SecurityBuilder::build`].
    pub fn with(
        adapt: impl FnOnce(SecurityBuilder) -> SecurityBuilder,
    ) -> Result<Self, LaunchError> {
        let clock = FakeClock::new();
        let adapted = adapt(Security::builder().clock(clock.clone()));
        let mut issuer = Issuer::hs256().clock(clock.clone());
        if let Some(audience) = adapted.protected_resource.as_ref().map(|it| it.expected_audience())
        {
            issuer = issuer.audience(audience);
        }
        let mut names = mentioned_authenticators();
        names.retain(|name| !adapted.is_absent(name));
        let jwt = || issuer.jwt().accept_test_keys();
        let mut stand_ins = Security::builder();
        stand_ins = stand_ins.authenticator(names.pop().unwrap_or("jwt"), jwt());
        for name in names {
            stand_ins = stand_ins.named_authenticator(name, jwt());
        }
        let security = adapted.with_authenticators_of(stand_ins).build()?;
        Ok(Self { security, issuer, clock })
    }
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
