//! Fuzzes one `Authorization` header line with arbitrary bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use secure_runtime::testing::bearer_credentials;

fuzz_target!(|line: &[u8]| {
    if let Ok(Some(token)) = bearer_credentials(line) {
        assert!(line.len() > 7 && line[..6].eq_ignore_ascii_case(b"bearer") && line[6] == b' ');
        assert!(line.ends_with(token) && !token.is_empty());
        assert!(token.iter().all(|byte| byte.is_ascii_graphic()));
    }
});
