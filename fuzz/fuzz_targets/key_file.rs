//! Fuzzes files of API keys: no panic, no keys other than those in the file, and no error message that
//! repeats the file's content.
#![no_main]

use libfuzzer_sys::fuzz_target;
use secure_runtime::testing::key_file;
use serde_json::Value;

fuzz_target!(|text: &str| match key_file(text) {
    Ok(keys) => {
        let file: Value = serde_json::from_str(text).expect("what is accepted is JSON");
        assert_eq!(file["keys"].as_array().expect("what is accepted has a list").len(), keys);
    }
    Err(faults) => {
        assert!(faults.iter().count() <= 21);
        assert!(faults.iter().all(|fault| fault.message().len() < 200));
    }
});
