//! Rules about limits.

use quote::ToTokens;

use super::tiers;
use crate::diagnostics::{Diagnostics, choices, nearest};
use crate::model::legal::{Audience, Limit, Partition};
use crate::model::raw::{Declaration, Quotas, RateKey};

/// What `by` may say; without it, the principal if there is one, else the address.
const PARTITIONS: [(&str, Partition); 4] = [
    ("address", Partition::Address),
    ("principal", Partition::Principal),
    ("tenant", Partition::Tenant),
    ("endpoint", Partition::Endpoint),
];

/// Options alone limit nothing.
pub(super) fn has_a_quota(rate: &RateKey, diagnostics: &mut Diagnostics) {
    if rate.complete && rate.tiers.is_none() && rate.quotas().next().is_none() {
        diagnostics
            .error(&rate.key, "`rate` expects a rate such as `\"100/h\"`, found options only")
            .help("`rate(\"100/h\", by = address)`");
    }
}

/// A rate for everyone and one for some of them would count some requests twice.
pub(super) fn one_kind_of_quota(rate: &RateKey, diagnostics: &mut Diagnostics) {
    let split = rate.anonymous.iter().chain(&rate.authenticated).next();
    let split = split.map(|quotas| quotas.place.clone());
    let tiers = rate.tiers.as_ref().map(|tiers| tiers.key.to_token_stream());
    if let (Some(_), Some(split)) = (&rate.everyone, split.or_else(|| tiers.clone())) {
        diagnostics
            .error(&split, "`rate` expects one rate, or one an audience, found both")
            .help("`rate(anonymous = \"100/h\", authenticated = \"1000/h\")`");
    } else if let (Some(known), Some(_)) = (&rate.authenticated, tiers) {
        diagnostics
            .error(&known.place, "`rate` expects `authenticated` or `tier`, found both")
            .help("callers of no tier have the smallest rate of `tier`");
    }
}

/// A burst of zero would admit nothing.
pub(super) fn burst_is_positive(rate: &RateKey, diagnostics: &mut Diagnostics) {
    if let Some(burst) = rate.burst.filter(|burst| burst.value == 0) {
        diagnostics.error_at(burst.span, "`burst` expects at least 1, found 0");
    }
}

/// A request that costs nothing is not limited.
pub(super) fn cost_is_positive(rate: &RateKey, diagnostics: &mut Diagnostics) {
    if let Some(cost) = rate.cost.filter(|cost| cost.value == 0) {
        diagnostics
            .error_at(cost.span, "`cost` expects at least 1, found 0")
            .note("a request without a cost is not limited");
    }
}

/// A request that costs more than may be taken at once could never be admitted.
pub(super) fn cost_fits_burst(rate: &RateKey, diagnostics: &mut Diagnostics) {
    let Some(cost) = rate.cost else { return };
    let rates = rate.quotas().flat_map(|quotas| &quotas.rates);
    let smallest = rates.map(|(quota, _)| quota.permits).min();
    let burst = rate.burst.map(|burst| burst.value).filter(|burst| *burst > 0);
    let Some(most) = burst.or(smallest) else { return };
    if cost.value > most {
        let message = format!(
            "`cost` expects at most {most}, which may be taken at once, found {}",
            cost.value
        );
        diagnostics
            .error_at(cost.span, message)
            .help(match smallest {
                Some(permits) if cost.value > permits => {
                    format!("`cost = {most}`, or a rate of more permits")
                }
                _ => format!("`burst = {}`", cost.value),
            })
            .note("no request would ever be admitted");
    }
}

/// Of two quotas with one window only the smaller would count.
pub(super) fn windows_differ(rate: &RateKey, diagnostics: &mut Diagnostics) {
    for quotas in rate.quotas() {
        for (index, (quota, span)) in quotas.rates.iter().enumerate() {
            let mut earlier = quotas.rates.iter().take(index);
            if let Some((first, _)) =
                earlier.find(|(first, _)| first.window_seconds == quota.window_seconds)
            {
                let message =
                    format!("`rate` expects different windows, found `{first}` and `{quota}`");
                diagnostics.error_at(*span, message).help("keep the smaller one");
            }
        }
    }
}

/// `by` names a partition.
pub(super) fn partition_is_known(rate: &RateKey, diagnostics: &mut Diagnostics) {
    let Some(by) = &rate.by else { return };
    let names = PARTITIONS.map(|(name, _)| name);
    if !names.contains(&by.text.as_str()) {
        let message = format!("`by` expects {}, found `{}`", choices(&names), by.text);
        let diagnostic = diagnostics.error(by, message);
        match nearest(&by.text, names) {
            Some(name) => diagnostic.help(format!("did you mean `{name}`?")),
            None => diagnostic.help("without `by`: the principal, else the address"),
        };
    }
}

/// A limit by principal or tenant has to see those only: it would not count anonymous requests.
pub(super) fn principals_exist(
    rate: &RateKey,
    declaration: &Declaration,
    diagnostics: &mut Diagnostics,
) {
    let Some(by) = rate.by.as_ref().filter(|by| needs_a_caller(&by.text)) else { return };
    let optional = declaration.auth.as_ref().is_some_and(|auth| auth.is_optional());
    let found = match (&rate.anonymous, &rate.everyone) {
        (Some(_), _) => "`anonymous`",
        (None, Some(_)) if optional => "`auth = optional`",
        _ => return,
    };
    diagnostics
        .error(by, format!("`by = {}` expects authenticated callers, found {found}", by.text))
        .help("a `rate(anonymous = …)` of its own, or no `by`: the principal, else the address")
        .note("anonymous requests would not be limited");
}

/// Of two rate keys with one partition it would have to be guessed how they combine.
pub(super) fn partitions_differ(rates: &[RateKey], diagnostics: &mut Diagnostics) {
    for (index, rate) in rates.iter().enumerate() {
        if rates.iter().take(index).any(|earlier| partition(earlier) == partition(rate)) {
            diagnostics
                .error(&rate.key, "`rate` is given twice with the same `by`, expected it once")
                .help("`rate([\"10/s\", \"1000/h\"])`, or another `by`");
        }
    }
}

/// Whether only requests of authenticated callers can be counted by it.
pub(super) fn needs_a_caller(by: &str) -> bool {
    ["principal", "tenant"].contains(&by)
}

/// Every quota of every key, with its options.
pub(super) fn limits(rates: &[RateKey]) -> Vec<Limit> {
    let mut limits = Vec::new();
    for rate in rates {
        for (audience, quotas) in audiences(rate) {
            limits.extend(quotas.rates.iter().map(|(quota, _)| Limit {
                permits: quota.permits,
                window_seconds: quota.window_seconds,
                burst: rate.burst.map_or(quota.permits, |burst| burst.value),
                cost: rate.cost.map_or(1, |cost| cost.value),
                by: partition(rate),
                audience: audience.clone(),
            }));
        }
    }
    limits
}

fn partition(rate: &RateKey) -> Partition {
    let named = rate.by.as_ref().and_then(|by| {
        PARTITIONS.into_iter().find(|(name, _)| *name == by.text).map(|(_, partition)| partition)
    });
    named.unwrap_or(Partition::Caller)
}

fn audiences(rate: &RateKey) -> Vec<(Audience, &Quotas)> {
    let plain = [
        (Audience::Everyone, &rate.everyone),
        (Audience::Anonymous, &rate.anonymous),
        (Audience::Authenticated, &rate.authenticated),
    ];
    let plain =
        plain.into_iter().filter_map(|(audience, quotas)| Some((audience, quotas.as_ref()?)));
    plain.chain(rate.tiers.iter().flat_map(tiers::audiences)).collect()
}
