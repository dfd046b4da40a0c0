//! Origins of web pages (RFC 6454).

/// An origin as browsers write it (RFC 6454 section 6.2).
pub(crate) fn is_origin(text: &str) -> bool {
    let Some((scheme, host)) = text.split_once("://") else { return false };
    let is_host =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-._:[]".contains(&byte);
    matches!(scheme, "https" | "http")
        && !host.is_empty()
        && host.bytes().all(is_host)
        && !(scheme == "https" && host.ends_with(":443"))
        && !(scheme == "http" && host.ends_with(":80"))
}
