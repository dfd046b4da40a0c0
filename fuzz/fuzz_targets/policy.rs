//! Fuzzes serialized policies: formatting does not change the meaning of a policy, and an unknown addition
//! makes it unreadable, so that it admits nobody.
#![no_main]

use libfuzzer_sys::fuzz_target;
use secure_runtime::testing::written_policy;
use serde_json::Value;

fuzz_target!(|text: &str| {
    // The compiler limits the nesting of real policies; this limits that of the fuzzer.
    if text.len() > 4096 {
        return;
    }
    let Some(read) = written_policy(text) else { return };
    let Ok(value) = serde_json::from_str::<Value>(text) else {
        // The nesting is deeper than serde_json's default limit.
        return;
    };
    assert_eq!(written_policy(&value.to_string()).as_deref(), Some(&*read));
    let Value::Object(mut members) = value else { panic!("a policy is an object: {text}") };
    for (part, value) in &mut members {
        if let ("limits" | "failures", Value::Array(limits)) = (part.as_str(), value) {
            for limit in limits {
                let rate = limit["rate"].as_array().expect("a rate");
                assert!(rate.len() == 2 && rate.iter().all(|it| it.as_u64().unwrap() > 0));
                assert!(limit.get("mode").is_none_or(|mode| mode.as_u64().unwrap() <= 100));
            }
        }
    }
    members.insert("unknown to all".to_owned(), Value::Null);
    assert_eq!(written_policy(&Value::Object(members).to_string()), None);
});
