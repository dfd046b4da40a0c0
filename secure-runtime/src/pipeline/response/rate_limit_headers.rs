//! The rate limit headers: `RateLimit` and `RateLimit-Policy`, or the legacy `X-RateLimit-*`, of
//! the limit nearest to exhaustion.

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};

use crate::pipeline::limits::reserve::LimitReport;
use crate::throttling::RateLimitHeaders;

/// Writes the headers in the configured form. `unenforced` has one bit for each limit in shadow
/// mode, which is left out.
#[inline]
pub(in crate::pipeline) fn write(report: &LimitReport, unenforced: u64, headers: &mut HeaderMap) {
    match report.texts.headers {
        RateLimitHeaders::Off => {}
        RateLimitHeaders::Draft10 => draft10(report, unenforced, headers),
        RateLimitHeaders::Legacy => legacy(report, headers),
    }
}

/// Writes the headers of a scope policy next to those of the endpoint behind it. The fields of the
/// draft are lists, so both are kept. In the legacy form, the limit with less left is kept.
pub(in crate::pipeline) fn write_beside(report: &LimitReport, unenforced: u64, to: &mut HeaderMap) {
    match report.texts.headers {
        RateLimitHeaders::Off => {}
        RateLimitHeaders::Draft10 => {
            let _ = append(report, unenforced, to);
        }
        RateLimitHeaders::Legacy => {
            let left = to.get(X_RATELIMIT_REMAINING).and_then(|left| left.to_str().ok());
            let left: Option<u32> = left.and_then(|left| left.parse().ok());
            if left.is_none_or(|left| report.answer.remaining() < left) {
                legacy(report, to);
            }
        }
    }
}

#[inline]
fn draft10(report: &LimitReport, unenforced: u64, headers: &mut HeaderMap) {
    let others = headers.len_keys();
    // Half the cost of `insert`.
    if append(report, unenforced, headers) && headers.len_keys() != others + 2 {
        keep_last(headers, RATELIMIT_POLICY);
        keep_last(headers, RATELIMIT);
    }
}

/// Appends both fields and returns `true`, or neither and returns `false`.
#[inline]
fn append(report: &LimitReport, unenforced: u64, headers: &mut HeaderMap) -> bool {
    let limit = report.texts.limit(report.position, &report.answer, report.is_first);
    let (Some(policy), Some(limit)) = (report.texts.policy(unenforced), limit) else {
        return false;
    };
    headers.append(RATELIMIT_POLICY, policy);
    headers.append(RATELIMIT, limit);
    true
}

fn legacy(report: &LimitReport, headers: &mut HeaderMap) {
    let LimitReport { limit, answer, .. } = report;
    headers.insert(X_RATELIMIT_LIMIT, HeaderValue::from(limit.quota.advertised().0.get()));
    headers.insert(X_RATELIMIT_REMAINING, HeaderValue::from(answer.remaining()));
    headers.insert(X_RATELIMIT_RESET, HeaderValue::from(answer.reset_seconds()));
}

/// If the handler has set a field of this name as well, ours is kept.
fn keep_last(headers: &mut HeaderMap, name: HeaderName) {
    if let Some(last) = headers.get_all(&name).last().cloned() {
        headers.insert(name, last);
    }
}

const RATELIMIT: HeaderName = HeaderName::from_static(RateLimitHeaders::LIMIT);
const RATELIMIT_POLICY: HeaderName = HeaderName::from_static(RateLimitHeaders::POLICY);
const X_RATELIMIT_LIMIT: HeaderName = HeaderName::from_static(RateLimitHeaders::LEGACY_LIMIT);
const X_RATELIMIT_REMAINING: HeaderName =
    HeaderName::from_static(RateLimitHeaders::LEGACY_REMAINING);
const X_RATELIMIT_RESET: HeaderName = HeaderName::from_static(RateLimitHeaders::LEGACY_RESET);
