//! The guide: from the first service to its operation, one page a module.
//!

// A page links to another one by a label, which its last lines define for GitHub. In CommonMark the
// first definition of a label wins, so `guide_links.md`, which stands before each page, replaces them
// here. The tests `rule_book` compare the two, and say what a new page or link lacks. The programs of
// the pages are doctests of the tests crate, and not of this one.
#![doc = include_str!("guide_links.md")]
#![doc = include_str!("../docs/README.md")]

macro_rules! pages {
    ($($page:ident = $file:literal;)*) => {$(
        #[doc = include_str!("guide_links.md")]
        #[doc = include_str!(concat!("../docs/", $file))]
        pub mod $page {}
    )*};
}

pages! {
    quickstart = "quickstart.md";

    authentication = "authentication.md";
    identity_providers = "identity-providers.md";
    callers = "callers.md";
    token_checks = "token-checks.md";
    introspection = "introspection.md";
    api_keys = "api-keys.md";
    revocation = "revocation.md";
    client_address = "client-address.md";
    building_on_jwt = "building-on-jwt.md";

    rules = "rules.md";
    allow = "allow.md";
    step_up = "step-up.md";
    vocabulary = "vocabulary.md";
    module_policies = "module-policies.md";
    dynamic_policies = "dynamic-policies.md";

    validation = "validation.md";
    bodies = "bodies.md";

    throttling = "throttling.md";
    shared_limits = "shared-limits.md";

    errors = "errors.md";
    mounting = "mounting.md";
    sockets = "sockets.md";
    macros = "macros.md";
    testing = "testing.md";
    migrating = "migrating.md";

    operating = "operating.md";
    security_model = "security-model.md";

    reference = "reference.md";
    configuration = "configuration.md";
    logs_and_metrics = "logs-and-metrics.md";
    benchmarks = "benchmarks.md";
    comparison = "comparison.md";
}

#[doc = include_str!("../docs/choosing-limits/plots.md")]
#[doc = include_str!("guide_links.md")]
#[doc = include_str!("../docs/choosing-limits.md")]
pub mod choosing_limits {}

#[doc = include_str!("guide_links.md")]
#[doc = include_str!("../docs/providers/README.md")]
pub mod providers {
    macro_rules! pages {
        ($($page:ident = $file:literal;)*) => {$(
            #[doc = include_str!("guide_links.md")]
            #[doc = include_str!(concat!("../docs/providers/", $file))]
            pub mod $page {}
        )*};
    }

    pages! {
        auth0 = "auth0.md";
        authentik = "authentik.md";
        clerk = "clerk.md";
        cloudflare_access = "cloudflare-access.md";
        cognito = "cognito.md";
        duende = "duende.md";
        entra = "entra.md";
        firebase = "firebase.md";
        forgerock = "forgerock.md";
        github_actions = "github-actions.md";
        google = "google.md";
        hydra = "hydra.md";
        keycloak = "keycloak.md";
        kinde = "kinde.md";
        kubernetes = "kubernetes.md";
        logto = "logto.md";
        okta = "okta.md";
        spring_authorization_server = "spring-authorization-server.md";
        supabase = "supabase.md";
        your_own_tokens = "your-own-tokens.md";
        zitadel = "zitadel.md";
    }
}
