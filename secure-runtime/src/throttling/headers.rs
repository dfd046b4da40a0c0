//! interim
use super::Quota;
/// Which fields tell a client about its limits.
#[derive(Clone, Copy, Default, Debug)]
pub enum RateLimitHeaders {
    /// a
    #[default]
    Draft10,
    /// b
    Legacy,
    /// c
    Off,
}
pub(crate) fn policy_field<'a>(
    _h: RateLimitHeaders,
    _n: impl Iterator<Item = (&'a str, Quota)>,
) -> String {
    String::new()
}
