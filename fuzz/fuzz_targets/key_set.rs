//! Fuzzes published key sets: no panic, no more keys than the set has, no secret keys.
#![no_main]

use libfuzzer_sys::fuzz_target;
use secure_runtime::testing::published_keys;
use serde_json::Value;

fuzz_target!(|document: &str| {
    if let Ok((usable, left_out)) = published_keys(document) {
        let set: Value = serde_json::from_str(document).expect("what is accepted is JSON");
        let keys = set["keys"].as_array().expect("what is accepted has a list of keys");
        assert!(usable > 0 && usable + left_out.len() <= keys.len());
        let secrets = keys.iter().filter(|key| key["kty"] == "oct").count();
        assert!(left_out.len() >= secrets);
    }
});
