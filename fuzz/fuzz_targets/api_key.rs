//! Fuzzes API keys: an accepted text has the documented form, and exactly one id and one hash.
#![no_main]

use libfuzzer_sys::fuzz_target;
use secure_runtime::authentication::api_key::ApiKey;

fuzz_target!(|text: &str| {
    if let Ok(key) = ApiKey::parse(text) {
        assert!(text.len() <= 75 && text.bytes().all(|it| it == b'_' || it.is_ascii_alphanumeric()));
        let (id, secret) = text.rsplit_once('_').expect("what is accepted has a public part");
        assert!(key.id() == id && secret.len() == 36 && key.hash().is_of(&key));
        // The checksum covers the whole key: changing a single character makes it invalid.
        for (place, byte) in text.bytes().enumerate() {
            let other = if byte == b'0' { "1" } else { "0" };
            let changed = [&text[..place], other, &text[place + 1..]].concat();
            assert!(ApiKey::parse(&changed).is_err());
        }
    }
});
