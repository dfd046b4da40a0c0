//! Fuzzes forwarding headers in front of what trusted proxies append: the client IP is found, and the fuzzed
//! bytes never determine it.
#![no_main]

use std::net::IpAddr;

use libfuzzer_sys::fuzz_target;
use secure_runtime::testing::client_address;
use secure_runtime::{ForwardingHeader, TrustedProxies};

fuzz_target!(|sent: &str| {
    // Skip bytes that no server accepts in a header value.
    if !sent.bytes().all(|byte| byte == b'\n' || (b' '..=b'~').contains(&byte)) {
        return;
    }
    let [peer, inner, client] =
        ["10.0.0.1", "10.0.0.2", "192.0.2.1"].map(|text| text.parse::<IpAddr>().ok());
    let known = TrustedProxies::new(["10.0.0.0/8"]).expect("a network");
    for (header, name, appended) in [
        (ForwardingHeader::XForwardedFor, "x-forwarded-for", "192.0.2.1, 10.0.0.2"),
        (ForwardingHeader::Forwarded, "forwarded", "for=192.0.2.1;host=\"a\\\",b\", for=10.0.0.2"),
    ] {
        let counted = TrustedProxies::hops(2).header(header.clone());
        let known = known.clone().header(header);
        let mut lines: Vec<(&str, &str)> = sent.lines().map(|line| (name, line)).collect();
        // Headers of an untrusted peer are ignored; headers of a trusted peer always give some address.
        assert_eq!(client_address(&known, client, &lines), client);
        assert!(client_address(&known, inner, &lines).is_some());
        // The proxies append to the last line, or add lines of their own.
        let last = lines.pop().map(|(_, line)| format!("{line}, {appended}"));
        let one_line = last.as_deref().unwrap_or(appended);
        for proxies in [&known, &counted] {
            let joined = [&*lines, &[(name, one_line)]].concat();
            assert_eq!(client_address(proxies, peer, &joined), client);
            let all: Vec<(&str, &str)> = sent.lines().map(|line| (name, line)).collect();
            let apart = [&*all, &[(name, appended)]].concat();
            assert_eq!(client_address(proxies, peer, &apart), client);
        }
    }
    let real = known.header(ForwardingHeader::single("x-real-ip").expect("a name"));
    let twice =
        [("x-real-ip", sent.lines().next().unwrap_or_default()), ("x-real-ip", "192.0.2.1")];
    assert_eq!(client_address(&real, peer, &twice), peer);
});
