//! Step-up authentication: how, and how long ago, the caller must have signed in.

use std::fmt;
use std::num::NonZeroU32;

/// The requirements on the caller's authentication (RFC 9470). All of them must hold.
///
/// Prints in the syntax of the attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StepUp {
    /// The largest number of seconds since the caller signed in.
    pub max_age_seconds: Option<NonZeroU32>,
    /// The accepted authentication context classes, the preferred one first; empty: any.
    pub acr: &'static [&'static str],
    /// The caller must have used one method of each of these lists.
    pub amr: &'static [&'static [&'static str]],
}

impl fmt::Display for StepUp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts: Vec<String> = Vec::new();
        if let Some(seconds) = self.max_age_seconds {
            parts.push(format!("fresh = \"{}\"", age(seconds.get())));
        }
        if !self.acr.is_empty() {
            parts.push(format!("acr = {}", list("any", self.acr)));
        }
        let (lone, several): (Vec<&[&str]>, Vec<_>) =
            self.amr.iter().partition(|list| list.len() == 1);
        if !lone.is_empty() {
            parts.push(format!("amr = {}", list("all", &lone.concat())));
        }
        parts.extend(several.iter().map(|names| format!("amr = {}", list("any", names))));
        formatter.write_str(&parts.join(", "))
    }
}

/// In the largest unit that divides it.
fn age(seconds: u32) -> String {
    let units = [("d", 86_400), ("h", 3_600), ("m", 60)];
    let unit = units.into_iter().find(|(_, unit)| seconds.is_multiple_of(*unit));
    let (unit, length) = unit.unwrap_or(("s", 1));
    format!("{}{unit}", seconds / length)
}

fn list(combined: &str, names: &[&str]) -> String {
    match names {
        [name] => format!("{name:?}"),
        names => {
            let names: Vec<String> = names.iter().map(|name| format!("{name:?}")).collect();
            format!("{combined}({})", names.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(
        max_age: u32,
        acr: &'static [&'static str],
        amr: &'static [&'static [&'static str]],
        expected: &str,
    ) {
        let step_up = StepUp { max_age_seconds: NonZeroU32::new(max_age), acr, amr };
        assert_eq!(step_up.to_string(), expected);
    }

    #[test]
    fn it_prints_as_the_attribute_says_it() {
        check(300, &[], &[], r#"fresh = "5m""#);
        check(90, &["mfa"], &[], r#"fresh = "90s", acr = "mfa""#);
        check(86_400, &["phr", "mfa"], &[], r#"fresh = "1d", acr = any("phr", "mfa")"#);
        check(0, &[], &[&["otp"]], r#"amr = "otp""#);
        check(0, &[], &[&["otp"], &["pwd"]], r#"amr = all("otp", "pwd")"#);
        check(0, &[], &[&["otp", "hwk"]], r#"amr = any("otp", "hwk")"#);
        check(0, &[], &[&["otp", "hwk"], &["pwd"]], r#"amr = "pwd", amr = any("otp", "hwk")"#);
    }
}
