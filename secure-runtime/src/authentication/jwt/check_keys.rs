//! Startup check of the configured keys: each key by itself, and beside the others.

use super::Key;
use super::key::CheckedKey;
use super::test_keys::TEST_KEY;
use crate::authentication::{ConfigurationError, ConfigurationErrorKind, Faults};

/// Checks every key, and adds the mistakes to `faults`.
pub(super) fn check_keys(
    keys: Vec<Key>,
    accepts_test_keys: bool,
    faults: &mut Faults,
) -> Vec<CheckedKey> {
    let mut checked: Vec<CheckedKey> = Vec::new();
    for (index, key) in keys.into_iter().enumerate() {
        let label = format!("key {}{}", index + 1, key.label());
        match key.check() {
            Err(found) => {
                let found = found.iter().map(|fault| format!("{label} {fault}"));
                faults.extend(found.map(ConfigurationError::invalid));
            }
            Ok(key) => {
                faults.extend(
                    checked
                        .iter()
                        .find_map(|other| conflict(&key, other))
                        .map(|fault| ConfigurationError::conflict(format!("{label} {fault}"))),
                );
                match key.is_test_key() {
                    true if accepts_test_keys => {
                        tracing::warn!("{label} is a test key of this crate: everybody can sign");
                    }
                    true => faults.push(ConfigurationError::new(
                        ConfigurationErrorKind::TestKey,
                        format!("{label} {TEST_KEY}"),
                    )),
                    false => {}
                }
                checked.push(key);
            }
        }
    }
    checked
}

/// Why two keys cannot stand side by side.
fn conflict(key: &CheckedKey, other: &CheckedKey) -> Option<&'static str> {
    if key.id.is_some() && key.id == other.id {
        return Some("has the same `kid` as another key");
    }
    if key.algorithm != other.algorithm && key.is_same_key(other) {
        return Some("is there for two algorithms, and a key has one (RFC 8725 section 3.1)");
    }
    if key.algorithm == other.algorithm && key.id.is_none() && other.id.is_none() {
        return Some("cannot be told from another key of its algorithm: give both a `.kid(…)`");
    }
    None
}
