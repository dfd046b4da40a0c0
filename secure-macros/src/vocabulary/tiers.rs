//! The tables `[tiers]` and `[tenants]`: the tiers, and the claims of tier and tenant.

use std::collections::BTreeMap;

use super::document::{Claim, Document, fault};
use super::{Claims, Fault};

/// Checks the tiers. After a fault the result is of no use.
pub(super) fn resolve(
    document: &Document,
    text: &str,
    faults: &mut Vec<Fault>,
) -> Option<Vec<String>> {
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    let mut add = |at, message, help: Option<&str>| {
        faults.push(fault(text, at, message, help.map(str::to_owned)));
    };
    let tiers = document.tiers.as_ref()?;
    for tier in tiers {
        let name = tier.text.as_str();
        if syn::parse_str::<syn::Ident>(name).is_err() {
            let message = format!("expected a word as the name of a tier, found `{name}`");
            let help = "policies write it without quotes: `tier(free = \"100/h\")`";
            add(tier.at, message, Some(help));
        }
        match seen.insert(name.to_lowercase(), name) {
            Some(earlier) if earlier == name => {
                add(tier.at, format!("the tier `{name}` is listed twice"), None);
            }
            Some(earlier) => {
                let message = format!("`{name}` and `{earlier}` differ in case only");
                add(tier.at, message, Some("keep one of them"));
            }
            None => {}
        }
    }
    if tiers.len() == 1 {
        let at = tiers.first().map_or(0, |tier| tier.at);
        add(at, "expected at least two tiers, found one".to_owned(), None);
    }
    Some(tiers.iter().map(|tier| tier.text.clone()).collect())
}

/// Checks the claims of the tier and of the tenant.
pub(super) fn claims(document: &Document, text: &str, faults: &mut Vec<Fault>) -> Claims {
    let mut path = |claim: &Option<Claim>| {
        let claim = claim.as_ref()?;
        if let Some(problem) = problem(&claim.path) {
            let message = format!("the claim `{}` {problem}", claim.path.join("."));
            faults.push(fault(text, claim.at, message, None));
        }
        Some(claim.path.clone())
    };
    Claims { tenant: path(&document.tenant_claim), tier: path(&document.tier_claim) }
}

fn problem(path: &[String]) -> Option<&'static str> {
    if path.is_empty() || path.iter().any(String::is_empty) {
        return Some("has an empty name");
    }
    (path.len() > 1 && path.join(".").contains("://"))
        .then_some("is split at dots: write it as a list with one name")
}
