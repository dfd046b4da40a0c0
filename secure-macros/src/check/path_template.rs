//! The path template of a route: the names of its segments.

/// The names of the template's segments, in order; `None` if they are unknown.
///
/// `{name}`, `{name:regex}` and `{tail:.*}` are one segment each, and so is `{name}*`. Regular
/// expressions with named groups or escaped braces are not parsed.
pub(super) fn segments(template: &str) -> Option<Vec<&str>> {
    let unread = ["(?P<", "(?<", "\\{", "\\}"];
    if unread.iter().any(|part| template.contains(part)) {
        return None;
    }
    let mut names = Vec::new();
    let mut depth = 0_usize;
    let mut start = 0;
    for (at, letter) in template.char_indices() {
        match letter {
            '{' => {
                depth += 1;
                if depth == 1 {
                    start = at + 1;
                }
            }
            '}' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    let segment = template.get(start..at)?;
                    names.push(segment.split_once(':').map_or(segment, |(name, _)| name).trim());
                }
            }
            _ => {}
        }
    }
    (depth == 0).then_some(names)
}

#[cfg(test)]
mod tests {
    use super::segments;

    fn check(template: &str, names: &[&str]) {
        assert_eq!(segments(template).as_deref(), Some(names), "{template}");
    }

    #[test]
    fn every_segment_has_its_name() {
        check("", &[]);
        check("/users", &[]);
        check("/users/{id}", &["id"]);
        check("/{customer}/orders/{order_id}/", &["customer", "order_id"]);
        check("/{a}-{b}.{c}", &["a", "b", "c"]);
        check("/{tail}*", &["tail"]);
    }

    #[test]
    fn a_regular_expression_is_one_segment() {
        check(r"/{id:\d+}", &["id"]);
        check(r"/{id:\d{4}-\d{2}}/{tail:.*}", &["id", "tail"]);
        check("/{kind:(a|b)}/x", &["kind"]);
        check("/{time:[0-9:]+}", &["time"]);
    }

    #[test]
    fn what_cannot_be_known_is_not_guessed() {
        for template in ["/{id", "/id}", "/{id:{}", r"/{id:\{}", "/{id:(?P<other>x)}", "/}{"] {
            assert_eq!(segments(template), None, "{template}");
        }
    }
}
