//! Fuzzes tokens: without the key no token is accepted.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use secure_runtime::authentication::Key;
use secure_runtime::testing::{Issuer, verify_signature};

static KEYS: LazyLock<[Key; 2]> = LazyLock::new(|| [Issuer::hs256().key(), Issuer::eddsa().key()]);

fuzz_target!(|token: &[u8]| {
    for key in &*KEYS {
        assert!(verify_signature(key.clone(), token).is_err());
    }
});
