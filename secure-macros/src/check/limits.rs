//! Rules about `rate`, `quota` and `priority`.

use quote::ToTokens;

use super::clauses::number_of;
use super::{modes, partitions, tiers, unless};
use crate::diagnostics::{Diagnostics, choices, nearest};
use crate::model::hours::{self, HoursError};
use crate::model::legal::{self, AppExpression, Audience, Limit};
use crate::model::raw::{Cost, Declaration, Quotas, RateKey, Window};
use crate::vocabulary::{Vocabulary, is_well_formed};

/// Options without a rate limit nothing.
pub(super) fn has_a_quota(rate: &RateKey, diagnostics: &mut Diagnostics) {
    if rate.complete && rate.tiers.is_none() && rate.quotas().next().is_none() {
        let key = &rate.key;
        let example = if key == "quota" { "\"10000/month\"" } else { "\"100/h\"" };
        let message = format!("`{key}` expects a {key} such as `{example}`, found options only");
        diagnostics.error(key, message).help(format!("`{key}({example}, by = address)`"));
    }
}

/// A rate for everybody and one for some of them would count some requests twice.
pub(super) fn one_kind_of_quota(rate: &RateKey, diagnostics: &mut Diagnostics) {
    let split = rate.anonymous.iter().chain(&rate.authenticated).next();
    let split = split.map(|quotas| quotas.place.clone());
    let tiers = rate.tiers.as_ref().map(|tiers| tiers.key.to_token_stream());
    if let (Some(_), Some(split)) = (&rate.everyone, split.or_else(|| tiers.clone())) {
        diagnostics
            .error(&split, "`rate` expects one rate, or one rate for each audience, found both")
            .help("`rate(anonymous = \"100/h\", authenticated = \"1000/h\")`");
    } else if let (Some(known), Some(_)) = (&rate.authenticated, tiers) {
        diagnostics
            .error(&known.place, "`rate` expects `authenticated` or `tier`, found both")
            .help("callers without a tier get the lowest rate of `tier`");
    }
}

/// A burst of zero would admit nothing.
pub(super) fn burst_is_positive(rate: &RateKey, diagnostics: &mut Diagnostics) {
    if let Some(burst) = rate.burst.filter(|burst| burst.value == 0) {
        diagnostics.error_at(burst.span, "`burst` expects at least 1, found 0");
    }
}

/// A priority is one of three.
pub(super) fn priority_is_known(declaration: &Declaration, diagnostics: &mut Diagnostics) {
    const PRIORITIES: [&str; 3] = ["critical", "normal", "bulk"];
    let Some(name) = &declaration.priority else { return };
    if !PRIORITIES.contains(&name.text.as_str()) {
        let message = format!("`priority` expects {}, found `{}`", choices(&PRIORITIES), name.text);
        let diagnostic = diagnostics.error(name, message);
        if let Some(near) = nearest(&name.text, PRIORITIES) {
            diagnostic.help(format!("did you mean `{near}`?"));
        }
    }
}

/// A request that costs nothing is not limited.
pub(super) fn cost_is_positive(rate: &RateKey, diagnostics: &mut Diagnostics) {
    if let Some(cost) = rate.permits().filter(|cost| cost.value == 0) {
        diagnostics
            .error_at(cost.span, "`cost` expects at least 1, found 0")
            .note("a request that costs nothing is not limited");
    }
}

/// A request that costs more than the permits available at once would never be admitted.
pub(super) fn cost_fits_burst(rate: &RateKey, diagnostics: &mut Diagnostics) {
    let Some(cost) = rate.permits() else { return };
    let rates = rate.quotas().flat_map(|quotas| &quotas.rates);
    let smallest = rates.map(|window| window.rate.permits).min();
    let burst = rate.burst.map(|burst| burst.value).filter(|burst| *burst > 0);
    let Some(most) = burst.or(smallest) else { return };
    if cost.value > most {
        let message = format!(
            "`cost` expects at most {most}, the permits available at once, found {}",
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

/// The periods of a quota begin in a time zone that exists.
pub(super) fn zone_is_known(rate: &RateKey, diagnostics: &mut Diagnostics) {
    let Some(zone) = &rate.zone else { return };
    if let Err(HoursError { message, help }) = hours::zone_is_known(&zone.text) {
        let diagnostic = diagnostics.error(zone, message);
        help.map(|help| diagnostic.help(help));
    }
}

/// A shared count has one name; a rate that the vocabulary shares has one already.
pub(super) fn shared_names_a_count(rate: &RateKey, diagnostics: &mut Diagnostics) {
    let Some(name) = &rate.shared else { return };
    let mut named = rate.quotas().flat_map(|quotas| &quotas.rates);
    if !is_well_formed(&name.text) {
        let message = format!("`shared` expects one visible word, found `{:?}`", name.text);
        diagnostics.error(name, message).help("`shared = \"office\"`");
    } else if let Some(known) = named.find_map(|window| window.shared.as_ref()) {
        let message = format!("`shared` expects a rate without a name, found `{known}`");
        diagnostics.error(name, message).help("remove it: the `secure.toml` shares that rate");
    }
}

/// A refund returns all permits of a request, so their number must be known before the handler
/// runs.
pub(super) fn refunds_are_known_before(rate: &RateKey, diagnostics: &mut Diagnostics) {
    let Some(refund) = &rate.refund else { return };
    if matches!(rate.cost, Some(Cost::Expression(_) | Cost::Response(_))) {
        diagnostics
            .error(
                refund,
                "`refund` expects a cost that is a number, found one that is computed later",
            )
            .help("use a second `rate` for one of the two");
    }
}

/// Two rates must not have the same window: only the smaller would count.
pub(super) fn windows_differ(rate: &RateKey, diagnostics: &mut Diagnostics) {
    for quotas in rate.quotas() {
        for (index, Window { rate: quota, span, .. }) in quotas.rates.iter().enumerate() {
            let mut earlier = quotas.rates.iter().take(index);
            if let Some(Window { rate: first, .. }) =
                earlier.find(|first| first.rate.window_seconds == quota.window_seconds)
            {
                let message = format!(
                    "`{}` expects different windows, found `{first}` and `{quota}`",
                    rate.key
                );
                diagnostics.error_at(*span, message).help("keep the smaller one");
            }
        }
    }
}

/// Every rate of every key, with its options.
pub(super) fn limits(
    rates: &[RateKey],
    keys: &[AppExpression],
    costs: &[AppExpression],
    known: &Vocabulary,
) -> Vec<Limit> {
    let mut limits = Vec::new();
    for rate in rates {
        let by = partitions::partition(rate.by.as_ref(), keys);
        let unless = unless::clause(rate, known);
        let name = rate.shared.as_ref().map(|name| name.text.clone());
        for (audience, quotas) in audiences(rate) {
            let zone = || rate.zone.as_ref().map_or("UTC", |zone| zone.text.as_str()).to_owned();
            limits.extend(quotas.rates.iter().map(|Window { rate: quota, shared, .. }| Limit {
                permits: quota.permits,
                window_seconds: quota.window_seconds,
                burst: rate.burst.map_or(quota.permits, |burst| burst.value),
                cost: cost(rate.cost.as_ref(), costs),
                by: by.clone(),
                audience: audience.clone(),
                shared: shared.clone().or_else(|| name.clone()),
                refunds: rate.refund.is_some(),
                unless: unless.clone(),
                period: quota.period.map(|period| (period, zone())),
                mode: modes::mode(rate),
            }));
        }
    }
    limits
}

fn cost(cost: Option<&Cost>, costs: &[AppExpression]) -> legal::Cost {
    match cost {
        None => legal::Cost::Permits(1),
        Some(Cost::Permits(number)) => legal::Cost::Permits(number.value),
        Some(Cost::Response(_)) => legal::Cost::Response,
        Some(Cost::Expression(price)) => {
            legal::Cost::Arguments(number_of(price, costs).unwrap_or(usize::MAX))
        }
    }
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
