//! The server's configuration for one provider, and the authenticators that are built from it.

use std::time::Duration;

use secure_runtime::authentication::{ClientKey, Introspection, Jwt};
use secure_runtime::{LaunchError, ProtectedResource, Security};
use serde::Deserialize;

/// The configuration, read from one line of JSON.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Configuration {
    issuer: String,
    /// The expected audience; the address of the API by default.
    audience: Option<String>,
    /// The authenticators; with `both`, the JWT authenticator comes first.
    mode: Mode,
    /// How often keys are fetched, in seconds.
    refresh_every: Option<u64>,
    introspection: Option<Asked>,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
enum Mode {
    Jwt,
    Introspection,
    Both,
}

/// The introspection of opaque tokens.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Asked {
    /// The endpoint's address; by default the one in the issuer's metadata.
    endpoint: Option<String>,
    client: Client,
    #[serde(default)]
    client_as_subject: bool,
    #[serde(default)]
    any_audience: bool,
    /// The audience of signed answers; if absent, unsigned answers are accepted.
    signed_for: Option<String>,
    /// How long the answer about an active token is cached, in seconds.
    accept_positive_for: Option<u64>,
}

/// The client authentication of this service at the endpoint.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, tag = "method")]
enum Client {
    #[serde(rename = "client_secret_basic")]
    Basic { id: String, secret: String },
    #[serde(rename = "client_secret_post")]
    Post { id: String, secret: String },
    #[serde(rename = "private_key_jwt")]
    Key { id: String, pem: String, kid: String },
}

impl Configuration {
    pub(crate) fn security(&self, resource: &str) -> Result<Security, LaunchError> {
        let audience = self.audience.as_deref().unwrap_or(resource);
        let described = ProtectedResource::new(resource).audience(audience).list_scopes();
        let mut builder = Security::builder().protected_resource(described);
        if self.mode != Mode::Introspection {
            builder = builder.authenticator("jwt", self.keys().audience(audience));
        }
        if self.mode != Mode::Jwt {
            let asked = self.introspection.as_ref().expect("`introspection` for this mode");
            builder = builder.authenticator("opaque", self.opaque(asked, audience));
        }
        builder.build()
    }

    fn keys(&self) -> Jwt {
        let jwt = Jwt::discover(&self.issuer);
        match self.refresh_every {
            Some(seconds) => jwt.refresh_every(Duration::from_secs(seconds)),
            None => jwt,
        }
    }

    fn opaque(&self, asked: &Asked, audience: &str) -> Introspection {
        let mut opaque = match &asked.endpoint {
            Some(endpoint) => Introspection::at(endpoint).issuer(&self.issuer),
            None => Introspection::discover(&self.issuer),
        };
        opaque = match &asked.client {
            Client::Basic { id, secret } => opaque.client_secret_basic(id, secret),
            Client::Post { id, secret } => opaque.client_secret_post(id, secret),
            Client::Key { id, pem, kid } => {
                opaque.private_key_jwt(id, ClientKey::es256(pem).kid(kid))
            }
        };
        if asked.client_as_subject {
            opaque = opaque.client_as_subject();
        }
        if let Some(audience) = &asked.signed_for {
            opaque = opaque.signed_answers(self.keys().audience(audience));
        }
        if let Some(seconds) = asked.accept_positive_for {
            opaque = opaque.accept_positive_for(Duration::from_secs(seconds));
        }
        if asked.any_audience {
            opaque.dangerously_accept_any_audience()
        } else {
            opaque.audience(audience)
        }
    }
}
