//! Fuzzes rates, quotas, waits, ages and sizes: a parsed value is within its bounds, and parses to the same
//! value after printing.
#![no_main]

use std::fmt::Display;
use std::str::FromStr;

use libfuzzer_sys::fuzz_target;

// They know nothing of the rest of the macro, which is no library.
#[path = "../../secure-macros/src/grammar/quantity.rs"]
mod quantity;
#[path = "../../secure-macros/src/grammar/rate.rs"]
mod rate;

use quantity::{Age, Size, Wait};
use rate::Rate;

/// Checks that a parsed value parses to the same value after printing, and that an error quotes the text.
fn read<T: Display, E: Display>(text: &str, read: impl Fn(&str) -> Result<T, E>) -> Option<T> {
    match read(text) {
        Ok(value) => {
            let printed = value.to_string();
            let again = read(&printed);
            assert_eq!(again.map(|it| it.to_string()).ok(), Some(printed), "{text:?}");
            Some(value)
        }
        Err(error) => {
            assert!(error.to_string().contains(&format!("{text:?}")), "{error}");
            None
        }
    }
}

fuzz_target!(|text: &str| {
    for quota in
        [read(text, Rate::from_str), read(text, Rate::of_the_calendar)].into_iter().flatten()
    {
        assert!(quota.permits > 0 && quota.window_seconds > 0);
    }
    if let Some(Wait(millis)) = read(text, Wait::from_str) {
        assert!((1..=60_000).contains(&millis));
    }
    assert!(read(text, Age::from_str).is_none_or(|Age(seconds)| seconds > 0));
    assert!(read(text, Size::from_str).is_none_or(|Size(bytes)| bytes > 0));
});
