//! Constructors of the presets for identity providers.

use super::{Preset, table};
use crate::authentication::Jwt;

/// Identity providers by name: [`discover`](Jwt::discover) and what is known of each one's tokens.
///
/// Each preset is the strict verifier with a few lines of description filled in. What it takes for
/// granted is in the startup log, and calls that follow replace it. The guide has a
/// page for each provider.
impl Jwt {
    /// Keycloak: the address of the server as clients see it, and the realm. Needs
    /// [`audience`](Self::audience), which an audience mapper of the client adds.
    ///
    /// Roles are those of the realm. Those of a client are added:
    ///
    /// ```
    /// use secure_runtime::authentication::Jwt;
    ///
    /// let jwt = Jwt::keycloak("https://login.example", "shop")
    ///     .also_roles_claim(["resource_access", "shop-api", "roles"])
    ///     .audience("shop-api");
    /// ```
    pub fn keycloak(url: impl AsRef<str>, realm: impl AsRef<str>) -> Self {
        let issuer = format!("{}/realms/{}", without_slash(url.as_ref()), realm.as_ref());
        table::KEYCLOAK.describe(Self::discover(issuer))
    }

    /// Auth0: the domain of the tenant, or its custom domain. Needs [`audience`](Self::audience), the
    /// identifier of the API. Both profiles of access tokens are accepted.
    pub fn auth0(domain: impl AsRef<str>) -> Self {
        table::AUTH0.describe(Self::discover(format!("https://{}/", host(domain.as_ref()))))
    }

    /// Okta: the domain, and the ID of a custom authorization server, `default` for most. Needs
    /// [`audience`](Self::audience), the one of the authorization server. Access tokens of the
    /// organization's own authorization server are for Okta alone, and cannot be verified.
    pub fn okta(domain: impl AsRef<str>, authorization_server: impl AsRef<str>) -> Self {
        let domain = host(domain.as_ref());
        let issuer = format!("https://{domain}/oauth2/{}", authorization_server.as_ref());
        table::OKTA.describe(Self::discover(issuer))
    }

    /// Microsoft Entra ID, one tenant, by its ID (a GUID). Needs [`audience`](Self::audience).
    ///
    /// Tokens of both versions are accepted. `sub` differs for each application;
    /// `.subject_claim("oid")` names a user in the same way for all of them. Where roles are read from
    /// `groups`, a token that leaves them out because there are too many is refused.
    pub fn entra(tenant_id: impl AsRef<str>) -> Self {
        // Tokens have it in lower case, and are compared exactly.
        let tenant = &*tenant_id.as_ref().to_lowercase();
        let issuer = format!("https://login.microsoftonline.com/{tenant}/v2.0");
        let jwt = table::ENTRA
            .describe(Self::discover(issuer))
            .other_issuer_spelling(format!("https://sts.windows.net/{tenant}/"))
            .claim("tid")
            .is(tenant);
        jwt.argument(is_guid(tenant), || {
            format!("`{}` is not the ID of a tenant, expected a GUID", tenant.escape_debug())
        })
    }

    /// Microsoft Entra ID, every tenant that `accepts` answers `true` for, by its ID. Needs
    /// [`audience`](Self::audience). Tokens are those of version 2.
    ///
    /// The issuer of a token must be that of the tenant in its `tid`. `accepts` is called when a token
    /// is verified: at its first use, and again after keys were fetched. It must not block.
    ///
    /// ```
    /// use secure_runtime::authentication::Jwt;
    ///
    /// let customers = ["8eaef023-2b34-4da1-9baa-8bc8c9d6a490"];
    /// let jwt = Jwt::entra_any_tenant(move |tenant| customers.contains(&tenant))
    ///     .audience("6e74172b-be56-4843-9ff4-e66a39bb12e3");
    /// ```
    pub fn entra_any_tenant(accepts: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        let keys = "https://login.microsoftonline.com/common/discovery/v2.0/keys";
        table::ENTRA
            .describe(Self::jwks_url(keys))
            .issuer("https://login.microsoftonline.com/organizations/v2.0")
            .issuer_of_tenants("https://login.microsoftonline.com/{tid}/v2.0", accepts)
    }

    /// Azure AD B2C: the tenant's name (`contoso`), its ID (a GUID) and the policy of the sign-in. Needs
    /// [`audience`](Self::audience).
    pub fn azure_b2c(
        tenant: impl AsRef<str>,
        tenant_id: impl AsRef<str>,
        policy: impl AsRef<str>,
    ) -> Self {
        let (tenant, id) = (tenant.as_ref(), &*tenant_id.as_ref().to_lowercase());
        let metadata = format!(
            "https://{tenant}.b2clogin.com/{tenant}.onmicrosoft.com/{}/v2.0/.well-known/\
             openid-configuration",
            policy.as_ref()
        );
        table::AZURE_B2C
            .describe(Self::metadata_url(metadata))
            .issuer(format!("https://{tenant}.b2clogin.com/{id}/v2.0/"))
            .argument(is_guid(id), || {
                format!("`{}` is not the ID of a tenant, expected a GUID", id.escape_debug())
            })
    }

    /// AWS Cognito: the region and the ID of the user pool. Needs [`client_ids`](Self::client_ids),
    /// because its access tokens have no audience; ID tokens are refused.
    ///
    /// ```
    /// use secure_runtime::authentication::Jwt;
    ///
    /// let jwt = Jwt::cognito("eu-west-1", "eu-west-1_aB3dE6g8h").client_ids(["1example23456789"]);
    /// ```
    pub fn cognito(region: impl AsRef<str>, user_pool: impl AsRef<str>) -> Self {
        let (region, pool) = (region.as_ref(), user_pool.as_ref());
        let issuer = format!("https://cognito-idp.{region}.amazonaws.com/{pool}");
        table::COGNITO.describe(Self::discover(issuer))
    }

    /// Google: ID tokens of its users. Needs [`audience`](Self::audience), the OAuth client's ID.
    ///
    /// Tokens of native applications name their own client in `azp`: name all of them with
    /// [`client_ids`](Self::client_ids). `.claim("hd").is("shop.example")` accepts the users of one
    /// Workspace domain alone.
    pub fn google() -> Self {
        table::GOOGLE
            .describe(Self::discover("https://accounts.google.com"))
            .other_issuer_spelling("accounts.google.com")
    }

    /// Google's Identity-Aware Proxy: the token in the header that it adds. Needs
    /// [`audience`](Self::audience), that of the backend.
    pub fn google_iap() -> Self {
        table::GOOGLE_IAP
            .describe(Self::jwks_url("https://www.gstatic.com/iap/verify/public_key-jwk"))
            .issuer("https://cloud.google.com/iap")
            .header("x-goog-iap-jwt-assertion")
    }

    /// Firebase Authentication: ID tokens of the users of this project.
    pub fn firebase(project: impl AsRef<str>) -> Self {
        let project = project.as_ref();
        table::FIREBASE
            .describe(Self::discover(format!("https://securetoken.google.com/{project}")))
            .audience(project)
    }

    /// Firebase Authentication: session cookies of the users of this project.
    ///
    /// ```
    /// use secure_runtime::authentication::Jwt;
    ///
    /// let jwt = Jwt::firebase_session_cookie("shop-1234")
    ///     .cookie("__session", ["https://shop.example"]);
    /// ```
    pub fn firebase_session_cookie(project: impl AsRef<str>) -> Self {
        let keys = "https://identitytoolkit.googleapis.com/v1/sessionCookiePublicKeys";
        let project = project.as_ref();
        table::FIREBASE_COOKIES
            .describe(Self::jwks_url(keys))
            .issuer(format!("https://session.firebase.google.com/{project}"))
            .audience(project)
    }

    /// Supabase: the address of the project, `https://REFERENCE.supabase.co`. Tokens of signed-in users
    /// are accepted, keys of the project (`anon`, `service_role`) are not.
    ///
    /// A project that still signs with its shared secret is [`Jwt::hs256`] with the same issuer and
    /// audience.
    pub fn supabase(project_url: impl AsRef<str>) -> Self {
        let issuer = format!("{}/auth/v1", without_slash(project_url.as_ref()));
        table::SUPABASE
            .describe(Self::jwks_url(format!("{issuer}/.well-known/jwks.json")))
            .issuer(issuer)
            .audience("authenticated")
    }

    /// Clerk: the address of the front-end API, `clerk.shop.example`. Needs
    /// [`client_ids`](Self::client_ids), the origins of the front ends, which `azp` names.
    ///
    /// ```
    /// use secure_runtime::authentication::Jwt;
    ///
    /// let jwt = Jwt::clerk("clerk.shop.example").client_ids(["https://shop.example"]);
    /// ```
    pub fn clerk(frontend_api: impl AsRef<str>) -> Self {
        let issuer = format!("https://{}", host(frontend_api.as_ref()));
        table::CLERK.describe(Self::discover(issuer))
    }

    /// Zitadel: the issuer, `https://INSTANCE.zitadel.cloud`. Needs [`audience`](Self::audience), the
    /// project's ID. Opaque tokens, its default, are for [`Introspection`](crate::authentication::Introspection).
    pub fn zitadel(issuer: impl Into<String>) -> Self {
        table::ZITADEL.describe(Self::discover(issuer))
    }

    /// Ory Hydra: the issuer as it is configured, with its slash if it has one. Needs
    /// [`audience`](Self::audience) or [`client_ids`](Self::client_ids). Opaque tokens, its default,
    /// are for [`Introspection`](crate::authentication::Introspection).
    pub fn hydra(issuer: impl Into<String>) -> Self {
        table::HYDRA.describe(Self::discover(issuer))
    }

    /// GitHub Actions: the tokens of workflows. Needs [`audience`](Self::audience), and a demand that
    /// says whose workflows: everybody's get tokens for any audience.
    ///
    /// ```
    /// use secure_runtime::authentication::Jwt;
    ///
    /// let jwt = Jwt::github_actions()
    ///     .audience("https://deploy.example")
    ///     .claim("repository_owner_id").is("123456")
    ///     .claim("ref").is("refs/heads/main");
    /// ```
    pub fn github_actions() -> Self {
        table::GITHUB_ACTIONS
            .describe(Self::discover("https://token.actions.githubusercontent.com"))
    }

    /// Kubernetes: the tokens of service accounts, for a service that runs in the cluster. Needs
    /// [`audience`](Self::audience). The issuer is what the API server's `--service-account-issuer` says.
    ///
    /// Keys come from the API server, with the pod's own token and authority; outside of a pod that is
    /// a startup error, and [`discover`](Self::discover) or [`jwks_file`](Self::jwks_file) the way.
    pub fn kubernetes(issuer: impl Into<String>) -> Self {
        let mut jwt = Self::jwks_url("https://kubernetes.default.svc/openid/v1/jwks")
            .fetch_with_bearer_file(format!("{SERVICE_ACCOUNT}/token"))
            .issuer(issuer);
        jwt.fetching.trust_file(
            format!("{SERVICE_ACCOUNT}/ca.crt").into(),
            "outside of a pod, use `Jwt::discover(…)`, or `Jwt::jwks_file(…)` with what \
             `kubectl get --raw /openid/v1/jwks` prints",
        );
        table::KUBERNETES.describe(jwt)
    }

    /// Duende IdentityServer: the issuer. Needs [`audience`](Self::audience), the API resource's name.
    /// Tokens of clients need [`client_as_subject`](Self::client_as_subject), too: they have no `sub`.
    pub fn duende(issuer: impl Into<String>) -> Self {
        table::DUENDE.describe(Self::discover(issuer))
    }

    /// authentik: the issuer of one provider, `https://HOST/application/o/SLUG/`. Needs
    /// [`audience`](Self::audience), the client's ID.
    pub fn authentik(issuer: impl Into<String>) -> Self {
        table::AUTHENTIK.describe(Self::discover(issuer))
    }

    /// Spring Authorization Server: the issuer. Needs [`audience`](Self::audience), the client's ID
    /// unless a customizer writes another one.
    pub fn spring_authorization_server(issuer: impl Into<String>) -> Self {
        table::SPRING.describe(Self::discover(issuer))
    }

    /// ForgeRock Access Management, now Ping: the issuer. Needs [`audience`](Self::audience). If its
    /// key set lists one key for several algorithms, `alg` of the token selects one of them.
    pub fn forgerock(issuer: impl Into<String>) -> Self {
        table::FORGEROCK.describe(Self::discover(issuer))
    }

    /// Kinde: the domain. Needs [`audience`](Self::audience) or [`client_ids`](Self::client_ids). Tokens of
    /// machines need [`client_as_subject`](Self::client_as_subject), too: they have no `sub`.
    pub fn kinde(domain: impl AsRef<str>) -> Self {
        table::KINDE.describe(Self::discover(format!("https://{}", host(domain.as_ref()))))
    }

    /// Logto: the endpoint, `https://TENANT.logto.app`. Needs [`audience`](Self::audience), the API
    /// resource's identifier.
    pub fn logto(endpoint: impl AsRef<str>) -> Self {
        let issuer = format!("{}/oidc", without_slash(endpoint.as_ref()));
        table::LOGTO.describe(Self::discover(issuer))
    }

    /// Cloudflare Access: the name of the team. Needs [`audience`](Self::audience), the application's
    /// tag. The caller of a service token is its name (`common_name`).
    pub fn cloudflare_access(team: impl AsRef<str>) -> Self {
        let issuer = format!("https://{}.cloudflareaccess.com", team.as_ref());
        let jwt = Self::jwks_url(format!("{issuer}/cdn-cgi/access/certs")).issuer(issuer);
        let mut jwt = table::CLOUDFLARE_ACCESS
            .describe(jwt)
            .header("cf-access-jwt-assertion")
            .client_as_subject();
        jwt.places.clients = vec!["common_name"];
        jwt
    }

    /// Keeps what is wrong with an argument until the service starts.
    fn argument(mut self, is_right: bool, fault: impl FnOnce() -> String) -> Self {
        if !is_right {
            let provider = self.preset.map_or("", |Preset { provider, .. }| provider);
            self.faults.push(format!("{provider}: {}", fault()));
        }
        self
    }
}

fn without_slash(url: &str) -> &str {
    url.trim_end_matches('/')
}

/// A host as it may have been copied from an address bar.
fn host(text: &str) -> &str {
    without_slash(text.strip_prefix("https://").unwrap_or(text))
}

fn is_guid(text: &str) -> bool {
    let lengths = [8, 4, 4, 4, 12];
    text.split('-').map(str::len).eq(lengths)
        && text.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
}

/// Where Kubernetes puts what a pod may present.
const SERVICE_ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_taken_as_people_copy_them() {
        for written in ["x.auth0.com", "https://x.auth0.com", "https://x.auth0.com/"] {
            assert_eq!(Jwt::auth0(written).issuer.as_deref(), Some("https://x.auth0.com/"));
        }
        let keycloak = Jwt::keycloak("https://login.example/", "shop");
        assert_eq!(keycloak.issuer.as_deref(), Some("https://login.example/realms/shop"));
        let entra = Jwt::entra("8EAEF023-2B34-4DA1-9BAA-8BC8C9D6A490");
        let issuer = "https://login.microsoftonline.com/8eaef023-2b34-4da1-9baa-8bc8c9d6a490/v2.0";
        assert_eq!(entra.issuer.as_deref(), Some(issuer));
        assert!(is_guid("8eaef023-2b34-4da1-9baa-8bc8c9d6a490"));
        for other in ["", "common", "contoso.onmicrosoft.com", "8eaef0232b344da19baa8bc8c9d6a490"] {
            assert!(!is_guid(other), "{other}");
        }
    }
}
