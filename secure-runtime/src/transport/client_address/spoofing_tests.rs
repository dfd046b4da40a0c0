//! Tests with spoofed forwarding headers.

use super::tests::{PEER, check, known, single};
use super::{ForwardingHeader, TrustedProxies};

/// What others make of the same: nginx (`real_ip_recursive`) and ASP.NET Core walk the same way and stop
/// where an entry is no address; Spring takes the leftmost one, which is whatever the client wrote.
#[test]
fn tricks_end_at_the_proxy_that_passed_them_on() {
    for trick in [
        "unknown",
        "_SEVKISEK",
        "192.0.2.1\u{a0}",
        "\u{ff11}\u{ff19}\u{ff12}.0.2.1",
        "192.0.2.1\u{200b}",
        "3221225985",
        "0xc0.0.2.1",
        "192.0.2",
        "300.0.2.1",
        "-192.0.2.1",
        "192.0.2.1\t10.0.1.1",
        "::ffff:192.0.2.1%lo:80",
        "[::ffff:192.0.2.1]]",
        "[[::1]]",
        "[]",
        "[]:80",
        "::ffff:300.0.2.1",
        "1::2::3",
        "1:2:3:4:5:6:7:8:9",
        "http://192.0.2.1",
        "192.0.2.1@10.0.1.1",
        "%31%39%32.0.2.1",
        "192.0.2.1%0d%0a10.0.1.1",
        "'192.0.2.1'",
        "for=192.0.2.1",
    ] {
        check(&known(), &[trick], PEER);
        check(&known(), &[&format!("6.6.6.6, {trick}, 10.0.1.7")], "10.0.1.7");
        check(&known(), &["6.6.6.6", trick, "10.0.1.7"], "10.0.1.7");
        check(&TrustedProxies::hops(2), &["6.6.6.6", trick, "10.0.1.7"], PEER);
        check(&single("X-Real-IP"), &[trick], PEER);
        let forwarded = known().header(ForwardingHeader::Forwarded);
        if !trick.starts_with("for=") {
            check(
                &forwarded,
                &[&format!("for=6.6.6.6, for=\"{trick}\", for=10.0.1.7")],
                "10.0.1.7",
            );
        }
    }
    // However much a client sends, what the proxy appends is what counts.
    for junk in ["6.6.6.6,".repeat(1000), "for=\"6.6.6.6\";".repeat(500), ",".repeat(5000)] {
        check(&known(), &[&junk, "192.0.2.1"], "192.0.2.1");
        check(&known(), &[&format!("{junk},192.0.2.1, 10.0.1.7")], "192.0.2.1");
        let forwarded = known().header(ForwardingHeader::Forwarded);
        check(&forwarded, &[&format!("{junk}, for=192.0.2.1;proto=https")], "192.0.2.1");
    }
}
