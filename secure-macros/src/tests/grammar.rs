//! The grammars of rates and sizes, and token soups: nothing panics, what is printed reads back.

use proptest::prelude::*;

use super::endpoint;
use crate::attribute::secure;
use crate::grammar::quantity::{Age, Size, Wait};
use crate::grammar::rate::Rate;

#[test]
fn rates_print_in_canonical_form() {
    for (written, canonical) in [
        ("100/h", "100/h"),
        ("100/60min", "100/h"),
        ("10/900s", "10/15min"),
        ("1/1s", "1/s"),
        ("007/07d", "7/7d"),
        ("5/24h", "5/d"),
    ] {
        assert_eq!(written.parse::<Rate>().unwrap().to_string(), canonical);
    }
}

#[test]
fn every_wrong_rate_says_what_is_wrong() {
    for (written, problem) in [
        ("", "found nothing"),
        (" 1/s", "no whitespace"),
        ("100", "expected `/`"),
        ("1/2/s", "a second one"),
        ("/s", "number of permits before"),
        ("+1/s", "found `+1`"),
        ("1.5/s", "found `1.5`"),
        ("0/s", "zero permits"),
        ("4294967296/s", "at most 4294967295 permits"),
        ("99999999999999999999999/s", "at most 4294967295 permits"),
        ("1/", "expected a unit"),
        ("1/5", "expected a unit"),
        ("1/S", "unknown unit `S`"),
        ("1/-1s", "unknown unit `-1s`"),
        ("1/0s", "above zero"),
        ("1/4294967296s", "at most 4294967295 s"),
        ("1/49711d", "at most 4294967295 s"),
        ("4294967295/s", "one permit a nanosecond"),
    ] {
        let error = written.parse::<Rate>().unwrap_err().to_string();
        assert!(error.contains(problem), "{written:?}: {error}");
        assert!(error.starts_with(&format!("in `{written:?}`: ")), "{error}");
    }
}

#[test]
fn waits_are_short_and_print_in_canonical_form() {
    for (written, millis, canonical) in [
        ("1ms", 1, "1ms"),
        ("500ms", 500, "500ms"),
        ("2000ms", 2_000, "2s"),
        ("1500ms", 1_500, "1500ms"),
        ("007s", 7_000, "7s"),
        ("60s", 60_000, "60s"),
        ("60000ms", 60_000, "60s"),
    ] {
        let wait: Wait = written.parse().unwrap();
        assert_eq!((wait.0, wait.to_string().as_str()), (millis, canonical));
    }
    for (written, problem) in [
        ("", "found nothing"),
        ("ms", "a whole number before the unit"),
        ("-1s", "a whole number before the unit"),
        (" 1s", "a whole number before the unit"),
        ("5", "expected a unit: `ms` or `s`"),
        ("1.5s", "unknown unit `.5s`"),
        ("1s ", "unknown unit `s `"),
        ("1S", "unknown unit `S`"),
        ("1min", "unknown unit `min`, expected `ms` or `s`"),
        ("0ms", "no request would wait"),
        ("0s", "no request would wait"),
        ("61s", "at most 60 s"),
        ("60001ms", "at most 60 s"),
        ("4294968s", "at most 60 s"),
        ("99999999999999999999s", "at most 60 s"),
    ] {
        let error = written.parse::<Wait>().unwrap_err().to_string();
        assert!(error.contains(problem), "{written:?}: {error}");
        assert!(error.starts_with(&format!("in `{written:?}`: ")), "{error}");
    }
}

#[test]
fn ages_have_the_units_of_rates_and_a_short_minute() {
    for (written, seconds, canonical) in [
        ("1s", 1, "1s"),
        ("90s", 90, "90s"),
        ("5m", 300, "5m"),
        ("5min", 300, "5m"),
        ("60m", 3_600, "1h"),
        ("12h", 43_200, "12h"),
        ("048h", 172_800, "2d"),
        ("49710d", 4_294_944_000, "49710d"),
    ] {
        let age: Age = written.parse().unwrap();
        assert_eq!((age.0, age.to_string().as_str()), (seconds, canonical));
    }
    for (written, problem) in [
        ("", "found nothing"),
        ("m", "whole number before"),
        ("-5m", "whole number before"),
        (" 5m", "whole number before"),
        ("5", "expected a unit"),
        ("5 m", "unknown unit ` m`"),
        ("5M", "unknown unit `M`"),
        ("5ms", "unknown unit `ms`"),
        ("5mins", "unknown unit `mins`"),
        ("1h30m", "unknown unit `h30m`"),
        ("1.5h", "unknown unit `.5h`"),
        ("٣m", "whole number before"),
        ("0d", "would refuse every caller"),
        ("49711d", "at most 4294967295 s"),
        ("99999999999999999999s", "at most 4294967295 s"),
    ] {
        let error = written.parse::<Age>().unwrap_err().to_string();
        assert!(error.contains(problem), "{written:?}: {error}");
        assert!(error.starts_with(&format!("in `{written:?}`: ")), "{error}");
    }
}

#[test]
fn sizes_have_decimal_and_binary_units() {
    for (written, bytes) in [
        ("1B", 1),
        ("64KiB", 65_536),
        ("64kB", 64_000),
        ("3MiB", 3 << 20),
        ("3MB", 3_000_000),
        ("2GiB", 2 << 30),
        ("2GB", 2_000_000_000),
    ] {
        let size: Size = written.parse().unwrap();
        assert_eq!((size.0, size.to_string().as_str()), (bytes, written));
    }
}

proptest! {
    #[test]
    fn a_printed_rate_reads_back(permits in 1_u32.., window_seconds in 1_u32..) {
        let rate = Rate { permits, window_seconds, period: None };
        // Above a permit a nanosecond nothing reads back: it could not have been read at all.
        prop_assume!(u64::from(window_seconds) * 1_000_000_000 >= u64::from(permits));
        prop_assert_eq!(rate.to_string().parse::<Rate>().unwrap(), rate);
    }

    #[test]
    fn what_reads_prints_what_reads_the_same(
        text in "[0-9]{1,11}/[0-9]{0,11}(s|min|h|d)"
    ) {
        if let Ok(rate) = text.parse::<Rate>() {
            prop_assert!(rate.permits > 0 && rate.window_seconds > 0);
            prop_assert_eq!(rate.to_string().parse::<Rate>().unwrap(), rate);
        }
    }

    #[test]
    fn a_printed_size_reads_back(bytes in 1_u64..) {
        prop_assert_eq!(Size(bytes).to_string().parse::<Size>().unwrap(), Size(bytes));
    }

    #[test]
    fn no_text_panics(text in any::<String>()) {
        let rate = text.parse::<Rate>();
        let size = text.parse::<Size>();
        prop_assert!(rate.is_err() || text.contains('/'));
        prop_assert!(size.is_err() || text.ends_with('B'));
    }

    #[test]
    fn no_soup_of_tokens_panics(
        attribute in proptest::collection::vec(token(), 0..12),
        item in proptest::collection::vec(token(), 0..12),
    ) {
        let function = "async fn handler(body: Json<u32>) -> String { String::new() }";
        let _ = endpoint(&attribute.join(" "), function);
        let _ = secure(attribute.join(" ").parse().unwrap(), item.join(" ").parse().unwrap());
    }
}

fn token() -> impl Strategy<Value = String> {
    let words = prop::sample::select(vec![
        "public",
        "auth",
        "roles",
        "scopes",
        "permissions",
        "rate",
        "validate",
        "unvalidated",
        "objects",
        "max_body",
        "body_timeout",
        "websocket",
        "content_type",
        "crate",
        "any",
        "all",
        "optional",
        "by",
        "burst",
        "cost",
        "anonymous",
        "authenticated",
        "reason",
        "until",
        "\"2020-12-31\"",
        "address",
        "principal",
        "body",
        "=",
        ",",
        ",",
        "::",
        "-",
        "\"\"",
        "\"a\"",
        "\"10/s\"",
        "\"1KiB\"",
        "\"a/b\"",
        "b\"a\"",
        "'a'",
        "1",
        "0",
        "1.5",
        "()",
        "[]",
        "{}",
        "(\"a\", \"b\")",
        "(body)",
        "(\"10/s\", by = address)",
        "[\"1/s\"]",
        "(body, reason = \"x\")",
        "r#type",
        "fn",
        "async",
        "struct",
        "pub",
        "self",
        "<",
        ">",
        "#",
        "!",
        "->",
        ";",
        "impl",
        "#[get(\"/\")]",
        "(&self)",
        "(_: Json<u8>)",
        "$",
        "?",
    ]);
    words.prop_map(str::to_owned)
}
