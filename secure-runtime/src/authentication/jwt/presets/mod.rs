//! What is known of the tokens of identity providers: data, and no rules of their own.
//!
//! A preset says what the description would have to say otherwise: the issuer's name, where roles and
//! scopes are, which claim tells an access token from others. Everything it says can be said again
//! afterwards, and then that counts. What it cannot know, whom tokens are for, is a startup error where
//! it is missing.

mod constructors;
mod table;

use super::required_claims::{ClaimValue, Demand};
use super::source::Source;
use super::{Jwt, Profile};
use crate::authentication::{ClaimPath, ConfigurationError, Faults};

/// What is known of one provider's tokens.
pub(crate) struct Preset {
    pub(crate) provider: &'static str,
    /// How the preset is called.
    pub(crate) call: &'static str,
    /// What is assumed; it is logged at startup.
    pub(crate) assumes: &'static str,
    /// What must be added to it, as the startup error says it; empty: nothing.
    needs: &'static str,
    /// Parts of the names of its issuers.
    issuers: &'static [&'static str],
    profile: Profile,
    roles: &'static [Place],
    scopes: Option<Place>,
    permissions: &'static [Place],
    tenant: Option<Place>,
    session: Option<&'static str>,
    token_id: Option<&'static str>,
    /// Claims, and the value that each must have.
    demands: &'static [(&'static str, &'static str)],
    /// Claims that must be there.
    requires: &'static [&'static str],
    /// Whether a claim must name the client.
    names_client: bool,
    /// One of these claims must have a value that the description demands.
    needs_one_of: &'static [&'static str],
}

/// Only what OpenID Connect defines.
const PLAIN: Preset = Preset {
    provider: "",
    call: "",
    assumes: "",
    needs: "",
    issuers: &[],
    profile: Profile::AccessToken,
    roles: &[],
    scopes: None,
    permissions: &[],
    tenant: None,
    session: None,
    token_id: None,
    demands: &[],
    requires: &[],
    names_client: false,
    needs_one_of: &[],
};

/// Where a claim is, and in which form.
#[derive(Clone, Copy)]
struct Place {
    names: &'static [&'static str],
    form: PlaceForm,
}

#[derive(Clone, Copy)]
enum PlaceForm {
    Names,
    /// The names of an object's members.
    Members,
    /// This member of each object in a list.
    Each(&'static str),
}

impl Place {
    const fn at(names: &'static [&'static str]) -> Self {
        Self { names, form: PlaceForm::Names }
    }

    fn path(self) -> ClaimPath {
        let path =
            ClaimPath::from(self.names.iter().copied().map(str::to_owned).collect::<Vec<_>>());
        match self.form {
            PlaceForm::Names => path,
            PlaceForm::Members => path.names_of_members(),
            PlaceForm::Each(member) => path.each(member),
        }
    }
}

impl Preset {
    /// The preset for an issuer of this name.
    pub(crate) fn for_issuer(issuer: &str) -> Option<&'static Self> {
        table::ALL.into_iter().find(|it| it.issuers.iter().any(|part| issuer.contains(part)))
    }

    /// Applies the settings of the provider.
    fn describe(&'static self, mut jwt: Jwt) -> Jwt {
        jwt.preset = Some(self);
        jwt.profile = self.profile;
        jwt.names_client = self.names_client;
        let places = &mut jwt.places;
        let paths = |places: &[Place]| places.iter().map(|place| place.path()).collect::<Vec<_>>();
        if !self.roles.is_empty() {
            places.roles.paths = paths(self.roles);
        }
        if !self.permissions.is_empty() {
            places.permissions.paths = paths(self.permissions);
        }
        if let Some(scopes) = self.scopes {
            places.scopes.paths = vec![scopes.path()];
        }
        if let Some(session) = self.session {
            places.session = ClaimPath::from([session]);
        }
        if let Some(token_id) = self.token_id {
            places.token_id = ClaimPath::from([token_id]);
        }
        places.tenant = self.tenant.map(Place::path);
        jwt.required = self.requires.iter().copied().map(str::to_owned).collect();
        jwt.demands = self.demands.iter().map(|(claim, value)| demand(claim, value)).collect();
        jwt
    }
}

fn demand(claim: &str, value: &str) -> Demand {
    let values = vec![ClaimValue::from(value)];
    Demand { path: ClaimPath::from([claim]), values, in_list: false }
}

impl Jwt {
    /// What is missing that no preset can know.
    pub(super) fn preset_faults(&self) -> Faults {
        let Some(preset) = self.preset else { return Vec::new() };
        let mut faults = Vec::new();
        let is_demanded = |claim: &str| {
            let mut paths = self.demands.iter().map(|demand| demand.path.names());
            paths.any(|path| path == [claim])
        };
        if !preset.needs_one_of.is_empty() && !preset.needs_one_of.iter().any(|it| is_demanded(it))
        {
            faults.push(ConfigurationError::missing(format!(
                "{}: {}",
                preset.provider, preset.needs
            )));
        }
        faults
    }

    /// What to say where neither an audience nor a client is named.
    pub(super) fn missing_audience(&self) -> String {
        match self.preset {
            Some(Preset { provider, needs, needs_one_of: [], .. }) if !needs.is_empty() => {
                format!("{provider}: {needs}")
            }
            _ => super::launch::NO_AUDIENCE.to_owned(),
        }
    }

    /// What the startup log says: what is assumed, or that a preset knows this issuer.
    pub(super) fn announcement(&self) -> Option<String> {
        let issuer = self.issuer.as_deref().unwrap_or_default();
        if let Some(Preset { provider, assumes, .. }) = self.preset {
            return Some(format!("`{issuer}` is {provider}: {assumes}"));
        }
        let is_discovered = matches!(self.source, Some(Source::Metadata(_)));
        let Preset { provider, call, assumes, .. } =
            Preset::for_issuer(issuer).filter(|_| is_discovered)?;
        Some(format!(
            "`{issuer}` looks like {provider}: consider `{call}`, which assumes: {assumes}"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn issuers_are_known_by_their_names() {
        for (issuer, provider) in [
            ("https://login.example/realms/shop", "Keycloak"),
            ("https://tenant.eu.auth0.com/", "Auth0"),
            ("https://dev-1.okta.com/oauth2/default", "Okta"),
            ("https://login.microsoftonline.com/t/v2.0", "Microsoft Entra ID"),
            ("https://sts.windows.net/t/", "Microsoft Entra ID"),
            ("https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_a", "AWS Cognito"),
            ("https://accounts.google.com", "Google"),
            ("https://securetoken.google.com/shop", "Firebase"),
            ("https://x.supabase.co/auth/v1", "Supabase"),
            ("https://clerk.shop.example", ""),
            ("https://x.clerk.accounts.dev", "Clerk"),
            ("https://x.zitadel.cloud", "Zitadel"),
            ("https://token.actions.githubusercontent.com", "GitHub Actions"),
            ("https://kubernetes.default.svc.cluster.local", "Kubernetes"),
            ("https://auth.example/application/o/shop/", "authentik"),
            ("https://issuer.example", ""),
        ] {
            let found = Preset::for_issuer(issuer).map_or("", |preset| preset.provider);
            assert_eq!(found, provider, "{issuer}");
        }
    }

    #[test]
    fn every_preset_says_what_it_assumes() {
        for preset in table::ALL {
            assert!(!preset.assumes.is_empty() && !preset.call.is_empty(), "{}", preset.provider);
            assert!(preset.call.starts_with("Jwt::"), "{}", preset.call);
        }
    }
}
