//! The macro and the runtime use the same syntax for units: each reads what the other prints.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

#[path = "../../secure-macros/src/grammar/quantity.rs"]
mod quantity;
#[path = "../../secure-macros/src/grammar/rate.rs"]
mod rate;

use std::num::NonZeroU32;
use std::time::Duration;

use proptest::prelude::*;
use quantity::{Age, Size, Timeout, Wait};
use rate::Rate;
use secure_runtime::__private::policies::StepUp;
use secure_runtime::throttling::Quota;

fn quota(rate: Rate) -> Quota {
    let number = |number| NonZeroU32::new(number).unwrap();
    let window = Duration::from_secs(rate.window_seconds.into());
    Quota::with_window(number(rate.permits), window).unwrap()
}

/// Numbers as people write them, and edge cases.
fn number() -> impl Strategy<Value = u32> {
    prop_oneof![1..=100_u32, Just(60), Just(3600), Just(86_400), Just(u32::MAX), 1..=u32::MAX]
}

fn text() -> impl Strategy<Value = String> {
    let unit = prop_oneof![Just("s"), Just("min"), Just("h"), Just("d")];
    let count = prop_oneof![Just(String::new()), number().prop_map(|count| count.to_string())];
    let zeros = prop_oneof![Just(""), Just("00")];
    (zeros, number(), count, unit)
        .prop_map(|(zeros, permits, count, unit)| format!("{zeros}{permits}/{count}{unit}"))
}

proptest! {
    #[test]
    fn what_the_macro_reads_the_runtime_prints_and_the_macro_reads_again(text in text()) {
        if let Ok(rate) = text.parse::<Rate>() {
            let printed = quota(rate).to_string();
            prop_assert_eq!(&printed, &rate.to_string());
            prop_assert_eq!(printed.parse::<Rate>().unwrap(), rate);
        }
    }

    #[test]
    fn what_the_runtime_prints_the_macro_reads(permits in number(), window_seconds in number()) {
        let rate = Rate { permits, window_seconds, period: None };
        match quota(rate).to_string().parse::<Rate>() {
            Ok(read) => prop_assert_eq!(read, rate),
            // More than one per nanosecond: the runtime can count such a quota, but the attribute cannot express it.
            Err(_) => prop_assert!(u64::from(permits) > u64::from(window_seconds) * 1_000_000_000),
        }
    }

    #[test]
    fn no_text_that_the_macro_reads_is_printed_as_another_rate(text in "[0-9]{0,3}/[0-9]{0,3}(s|min|h|d|)") {
        if let Ok(rate) = text.parse::<Rate>() {
            prop_assert_eq!(quota(rate).to_string().parse::<Rate>().unwrap(), rate);
        }
    }

    #[test]
    fn a_burst_is_printed_behind_the_rate(text in text(), burst in number()) {
        if let Ok(rate) = text.parse::<Rate>() {
            let printed = quota(rate).with_burst(NonZeroU32::new(burst).unwrap()).to_string();
            let (front, behind) = printed.split_once(" burst ").unwrap_or((&printed, ""));
            prop_assert_eq!(front.parse::<Rate>().unwrap(), rate);
            let shown = if behind.is_empty() { rate.permits } else { behind.parse().unwrap() };
            prop_assert_eq!(shown, burst);
        }
    }

    #[test]
    fn an_age_that_is_read_is_printed_as_what_is_read_again(
        count in number(),
        unit in prop_oneof!["s", "m", "min", "h", "d"],
    ) {
        if let Ok(age) = format!("{count}{unit}").parse::<Age>() {
            let max_age_seconds = NonZeroU32::new(age.0);
            let printed = StepUp { max_age_seconds, acr: &[], amr: &[] }.to_string();
            let printed = printed.trim_start_matches("fresh = \"").trim_end_matches('"');
            prop_assert_eq!(printed, &age.to_string());
            prop_assert_eq!(printed.parse::<Age>().unwrap(), age);
        }
    }

    #[test]
    fn a_wait_that_is_read_is_printed_as_what_is_read_again(
        count in 0..70_000_u32,
        unit in prop_oneof![Just("ms"), Just("s")],
    ) {
        let millis = u64::from(count) * if unit == "s" { 1_000 } else { 1 };
        match format!("{count}{unit}").parse::<Wait>() {
            Ok(wait) => {
                prop_assert_eq!(u64::from(wait.0), millis);
                prop_assert_eq!(wait.to_string().parse::<Wait>().unwrap(), wait);
            }
            Err(_) => prop_assert!(millis == 0 || millis > 60_000),
        }
    }

    #[test]
    fn a_timeout_is_read_in_each_of_its_units(
        count in number(),
        (unit, millis) in prop_oneof![
            Just(("ms", 1_u64)),
            Just(("s", 1_000)),
            Just(("m", 60_000)),
            Just(("h", 3_600_000)),
        ],
    ) {
        let millis = u64::from(count) * millis;
        match format!("{count}{unit}").parse::<Timeout>() {
            Ok(timeout) => prop_assert_eq!(u64::from(timeout.0), millis),
            Err(_) => prop_assert!(millis == 0 || millis > 86_400_000),
        }
    }

    #[test]
    fn a_size_that_is_read_is_printed_as_what_is_read_again(
        count in prop_oneof![1..2000_u64, any::<u64>()],
        unit in prop_oneof!["B", "kB", "KiB", "MB", "MiB", "GB", "GiB"],
    ) {
        if let Ok(size) = format!("{count}{unit}").parse::<Size>() {
            prop_assert_eq!(size.to_string().parse::<Size>().unwrap(), size);
        }
        if count > 0 {
            prop_assert_eq!(Size(count).to_string().parse::<Size>().unwrap(), Size(count));
        }
    }
}

#[test]
fn what_is_no_rate_or_size_is_neither() {
    for text in ["", "/h", "1/", "0/h", "1/0h", "1/w", "-1/h", "+1/h", " 1/h", "1//h", "1/1.5h"] {
        assert!(text.parse::<Rate>().is_err(), "{text}");
    }
    for text in
        ["", "B", "1", "0B", "-1B", "+1B", "1 B", "1kib", "1KB", "18446744073709551616B", "1.5KiB"]
    {
        assert!(text.parse::<Size>().is_err(), "{text}");
    }
    assert_eq!("007/060min".parse::<Rate>().map(|rate| rate.to_string()).ok(), Some("7/h".into()));
}

#[test]
fn both_crates_call_the_periods_of_the_calendar_the_same() {
    use secure_runtime::throttling::Period;

    for period in [Period::Hour, Period::Day, Period::Week, Period::Month] {
        let text = format!("7/{}", period.name());
        assert_eq!(Rate::of_the_calendar(&text).unwrap().to_string(), text);
    }
    let error = Rate::of_the_calendar("7/year").unwrap_err().to_string();
    assert!(error.contains("expected `hour`, `day`, `week` or `month`, found `year`"), "{error}");
}
