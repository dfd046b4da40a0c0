//! The table of presets. Each fact has its source beside it; facts without a page of the provider come from observed tokens.

use super::{PLAIN, Place, PlaceForm, Preset};
use crate::authentication::Profile;

pub(super) static ALL: [&Preset; 23] = [
    &KEYCLOAK,
    &AUTH0,
    &OKTA,
    &ENTRA,
    &AZURE_B2C,
    &COGNITO,
    &GOOGLE,
    &GOOGLE_IAP,
    &FIREBASE,
    &FIREBASE_COOKIES,
    &SUPABASE,
    &CLERK,
    &ZITADEL,
    &HYDRA,
    &GITHUB_ACTIONS,
    &KUBERNETES,
    &DUENDE,
    &AUTHENTIK,
    &SPRING,
    &FORGEROCK,
    &KINDE,
    &LOGTO,
    &CLOUDFLARE_ACCESS,
];

const API_AUDIENCE: &str = "name the API that tokens are for with `.audience(…)`";

/// "Server Administration Guide", client scopes and audience support.
pub(super) static KEYCLOAK: Preset = Preset {
    provider: "Keycloak",
    call: "Jwt::keycloak(url, realm)",
    assumes: "roles of the realm in `realm_access.roles`; those of a client are added with \
              `.also_roles_claim([\"resource_access\", CLIENT, \"roles\"])`. `aud` names this API \
              where an audience mapper says so, and `sub` is there where the client scope `basic` is",
    needs: "tokens are for `account`, or for nobody, until an audience mapper of the client adds this \
            API: name the audience that it adds with `.audience(…)`",
    issuers: &["/realms/"],
    roles: &[Place::at(&["realm_access", "roles"])],
    ..PLAIN
};

/// "Access Token Profiles": `azp`, and no `client_id`, in the default one.
pub(super) static AUTH0: Preset = Preset {
    provider: "Auth0",
    call: "Jwt::auth0(domain)",
    assumes: "permissions in `permissions`, where RBAC and \"Add Permissions in the Access Token\" are \
              on; roles only where an action writes them into a claim of its own, which \
              `.roles_claim([\"https://…/roles\"])` names; access tokens name their client in `azp` or \
              `client_id`, ID tokens do not",
    needs: "name the API's identifier with `.audience(…)`",
    issuers: &[".auth0.com"],
    names_client: true,
    ..PLAIN
};

/// "Token claims": `cid` is in access tokens alone.
pub(super) static OKTA: Preset = Preset {
    provider: "Okta",
    call: "Jwt::okta(domain, authorization_server)",
    assumes: "a custom authorization server; scopes in `scp`; roles in `groups`, where the server has \
              a groups claim; access tokens name their client in `cid`, ID tokens do not",
    needs: "name the audience of the authorization server with `.audience(…)`: `api://default`, say",
    issuers: &[".okta.com/oauth2", ".oktapreview.com/oauth2", ".okta-emea.com/oauth2"],
    scopes: Some(Place::at(&["scp"])),
    roles: &[Place::at(&["groups"])],
    names_client: true,
    ..PLAIN
};

/// "Access token claims reference": `azp` (version 2) and `appid` (version 1) name the client.
pub(super) static ENTRA: Preset = Preset {
    provider: "Microsoft Entra ID",
    call: "Jwt::entra(tenant_id)",
    assumes: "scopes in `scp`, roles in `roles`, the tenant in `tid`, the token's name in `uti`; tokens \
              of version 1 and 2; access tokens name their client in `azp` or `appid`, ID tokens do not",
    needs: "name the API's application ID with `.audience(…)` (tokens of version 2), or its \
            application ID URI, `api://…` (version 1)",
    issuers: &["login.microsoftonline.com/", "sts.windows.net/"],
    scopes: Some(Place::at(&["scp"])),
    tenant: Some(Place::at(&["tid"])),
    token_id: Some("uti"),
    names_client: true,
    ..PLAIN
};

pub(super) static AZURE_B2C: Preset = Preset {
    provider: "Azure AD B2C",
    call: "Jwt::azure_b2c(tenant, tenant_id, policy)",
    assumes: "scopes in `scp`; access tokens name their client in `azp`, ID tokens do not; metadata are \
              those of the policy",
    needs: "name the API's application ID with `.audience(…)`",
    issuers: &[".b2clogin.com/"],
    scopes: Some(Place::at(&["scp"])),
    names_client: true,
    ..PLAIN
};

/// "Understanding user pool JSON web tokens".
pub(super) static COGNITO: Preset = Preset {
    provider: "AWS Cognito",
    call: "Jwt::cognito(region, user_pool)",
    assumes: "access tokens (`token_use`), whose client is in `client_id`; roles in `cognito:groups`",
    needs: "access tokens of a user pool have no `aud`: name the app clients whose tokens are accepted \
            with `.client_ids([…])`",
    issuers: &["://cognito-idp."],
    roles: &[Place::at(&["cognito:groups"])],
    demands: &[("token_use", "access")],
    ..PLAIN
};

/// "OpenID Connect": `iss` is written in two ways.
pub(super) static GOOGLE: Preset = Preset {
    provider: "Google",
    call: "Jwt::google()",
    assumes: "ID tokens, because access tokens of Google are opaque; no roles and no scopes",
    needs: "name the OAuth client whose users call with `.audience(…)`: an ID token is for a client",
    issuers: &["accounts.google.com"],
    profile: Profile::IdToken,
    ..PLAIN
};

/// "Securing your app with signed headers".
pub(super) static GOOGLE_IAP: Preset = Preset {
    provider: "Google Identity-Aware Proxy",
    call: "Jwt::google_iap()",
    assumes: "the token in `x-goog-iap-jwt-assertion`; no roles and no scopes",
    needs: "name the audience of the backend with `.audience(…)`: `/projects/NUMBER/…`",
    issuers: &["cloud.google.com/iap"],
    profile: Profile::IdToken,
    ..PLAIN
};

/// "Verify ID Tokens".
pub(super) static FIREBASE: Preset = Preset {
    provider: "Firebase",
    call: "Jwt::firebase(project)",
    assumes: "ID tokens, which are for the project; the tenant in `firebase.tenant`; custom claims are \
              roles where `.roles_claim(…)` names one",
    issuers: &["securetoken.google.com/"],
    profile: Profile::IdToken,
    tenant: Some(Place::at(&["firebase", "tenant"])),
    ..PLAIN
};

/// "Manage Session Cookies".
pub(super) static FIREBASE_COOKIES: Preset = Preset {
    provider: "Firebase session cookies",
    call: "Jwt::firebase_session_cookie(project)",
    assumes: "session cookies, which are for the project; the tenant in `firebase.tenant`; \
              `.cookie(…)` says which cookie they are in",
    issuers: &["session.firebase.google.com/"],
    profile: Profile::IdToken,
    tenant: Some(Place::at(&["firebase", "tenant"])),
    ..PLAIN
};

/// "JWT Fields Reference".
pub(super) static SUPABASE: Preset = Preset {
    provider: "Supabase",
    call: "Jwt::supabase(project_url)",
    assumes: "tokens of signed-in users (`aud` is `authenticated`), signed with a key of the project \
              and not with its old secret; the role in `role`, the session in `session_id`",
    issuers: &[".supabase.co/auth/v1"],
    roles: &[Place::at(&["role"])],
    session: Some("session_id"),
    ..PLAIN
};

/// "Session tokens", versions 1 and 2.
pub(super) static CLERK: Preset = Preset {
    provider: "Clerk",
    call: "Jwt::clerk(frontend_api)",
    assumes: "the role in the organisation in `o.rol` or `org_role`, the organisation in `o.id`, \
              permissions in `org_permissions`; those of version 2 are not read, because they mean \
              something together with `fea` and `o.fpm` only",
    needs: "session tokens have no `aud`: name the origins of the front ends with `.client_ids([…])`, \
            which `azp` holds: `https://shop.example`",
    issuers: &[".clerk.accounts.dev"],
    roles: &[Place::at(&["o", "rol"]), Place::at(&["org_role"])],
    permissions: &[Place::at(&["org_permissions"])],
    tenant: Some(Place::at(&["o", "id"])),
    ..PLAIN
};

/// "Claims": roles are the names of an object's members; `aud` is the same in ID tokens, and `jti` is in
/// access tokens alone.
pub(super) static ZITADEL: Preset = Preset {
    provider: "Zitadel",
    call: "Jwt::zitadel(issuer)",
    assumes: "access tokens in JWT form, as the application's settings must say; roles in \
              `urn:zitadel:iam:org:project:roles`, which are those in the client's project; the \
              organisation in `urn:zitadel:iam:user:resourceowner:id`; `jti` in access tokens alone",
    needs: "name the project's ID with `.audience(…)`, and have clients ask for the scope \
            `urn:zitadel:iam:org:project:id:PROJECT:aud`",
    issuers: &[".zitadel.cloud", ".zitadel.app"],
    roles: &[Place { names: &["urn:zitadel:iam:org:project:roles"], form: PlaceForm::Members }],
    tenant: Some(Place::at(&["urn:zitadel:iam:user:resourceowner:id"])),
    requires: &["jti"],
    ..PLAIN
};

/// "JWT Access Tokens".
pub(super) static HYDRA: Preset = Preset {
    provider: "Ory Hydra",
    call: "Jwt::hydra(issuer)",
    assumes: "access tokens in JWT form (`strategies.access_token: jwt`); scopes in `scp`; what the \
              consent application adds is in `ext`, where `.roles_claim(\"ext.roles\")` finds it; access \
              tokens name their client in `client_id`, ID tokens do not",
    needs: "`aud` is empty where a client asks for no audience: name the audience that clients ask \
            for with `.audience(…)`, or the clients with `.client_ids([…])`",
    issuers: &[".oryapis.com"],
    scopes: Some(Place::at(&["scp"])),
    names_client: true,
    ..PLAIN
};

/// "OpenID Connect reference": every workflow at GitHub gets such tokens, for any audience it names.
pub(super) static GITHUB_ACTIONS: Preset = Preset {
    provider: "GitHub Actions",
    call: "Jwt::github_actions()",
    assumes: "the caller is the workflow's repository and ref (`sub`); no roles and no scopes",
    needs: "every workflow at GitHub gets tokens for any audience it asks for: say whose workflows may \
            call with `.claim(\"repository_owner_id\").is(…)`, `repository_id`, `repository_owner`, \
            `repository` or `sub`",
    issuers: &["token.actions.githubusercontent.com"],
    needs_one_of: &[
        "repository_owner_id",
        "repository_id",
        "repository_owner",
        "repository",
        "sub",
    ],
    ..PLAIN
};

/// "Managing Service Accounts".
pub(super) static KUBERNETES: Preset = Preset {
    provider: "Kubernetes",
    call: "Jwt::kubernetes(issuer)",
    assumes: "tokens of service accounts; the namespace in `kubernetes.io.namespace` is the tenant; no \
              roles and no scopes",
    needs: "name the audience that pods ask for in their projected volume with `.audience(…)`",
    issuers: &["kubernetes.default.svc"],
    tenant: Some(Place::at(&["kubernetes.io", "namespace"])),
    ..PLAIN
};

pub(super) static DUENDE: Preset = Preset {
    provider: "Duende IdentityServer",
    call: "Jwt::duende(issuer)",
    assumes: "access tokens of RFC 9068, which name their client in `client_id`; roles in `role`. Tokens of clients have no `sub`: \
              `.client_as_subject()` accepts them",
    needs: API_AUDIENCE,
    roles: &[Place::at(&["role"])],
    names_client: true,
    ..PLAIN
};

/// An access token is the ID token with `azp` and `uid` added (`IDToken.to_access_token` of its sources),
/// and only newer versions add `scope`. So the marks of ID tokens say nothing here.
pub(super) static AUTHENTIK: Preset = Preset {
    provider: "authentik",
    call: "Jwt::authentik(issuer)",
    assumes: "the issuer of one application (\"Each provider has a different issuer\"); roles in \
              `groups`; access tokens have `azp` and `uid`, ID tokens do not, and both are for the \
              client",
    needs: "name the client's ID with `.audience(…)`: authentik's tokens are for their client",
    issuers: &["/application/o/"],
    profile: Profile::Jwt,
    roles: &[Place::at(&["groups"])],
    names_client: true,
    requires: &["uid"],
    ..PLAIN
};

pub(super) static SPRING: Preset = Preset {
    provider: "Spring Authorization Server",
    call: "Jwt::spring_authorization_server(issuer)",
    assumes: "access tokens have a list of scopes in `scope`, ID tokens do not, and both are for the \
              client; roles in `roles`, where a customizer writes them",
    needs: "name the client's ID with `.audience(…)`: the tokens are for their client, unless a \
            customizer writes another `aud`",
    requires: &["scope"],
    ..PLAIN
};

pub(super) static FORGEROCK: Preset = Preset {
    provider: "ForgeRock Access Management",
    call: "Jwt::forgerock(issuer)",
    assumes: "stateless access tokens (`tokenName` is `access_token`)",
    needs: "name the audience of the tokens with `.audience(…)`: the client's ID, unless a script \
            writes another",
    demands: &[("tokenName", "access_token")],
    ..PLAIN
};

/// "Token structure and claims for M2M applications": `azp`, `scp` and `scope`, and no `sub`.
pub(super) static KINDE: Preset = Preset {
    provider: "Kinde",
    call: "Jwt::kinde(domain)",
    assumes: "roles are the `key`s in `roles`, permissions are in `permissions`, scopes in `scp`, the \
              organisation in `org_code`. Tokens of machines have no `sub`: `.client_as_subject()` \
              accepts them",
    needs: "`aud` is empty where an application has no API: name the API's audience with \
            `.audience(…)`, or the applications with `.client_ids([…])`",
    issuers: &[".kinde.com"],
    roles: &[Place { names: &["roles"], form: PlaceForm::Each("key") }],
    scopes: Some(Place::at(&["scp"])),
    tenant: Some(Place::at(&["org_code"])),
    ..PLAIN
};

pub(super) static LOGTO: Preset = Preset {
    provider: "Logto",
    call: "Jwt::logto(endpoint)",
    assumes: "access tokens for an API resource, whose permissions are in `scope`, and which name their \
              client in `client_id`",
    needs: "name the API resource's identifier with `.audience(…)`",
    issuers: &[".logto.app/oidc"],
    names_client: true,
    ..PLAIN
};

/// "Validate JWTs": the claim of a service token's name is `common_name`, and its `sub` is empty.
pub(super) static CLOUDFLARE_ACCESS: Preset = Preset {
    provider: "Cloudflare Access",
    call: "Jwt::cloudflare_access(team)",
    assumes: "the token in `cf-access-jwt-assertion`; users by `sub`, service tokens by `common_name`",
    needs: "name the application's audience tag with `.audience(…)`",
    issuers: &[".cloudflareaccess.com"],
    demands: &[("type", "app")],
    ..PLAIN
};
