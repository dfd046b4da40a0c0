//! Tests of the client IP for settings and headers.

use std::net::IpAddr;
use std::str::FromStr;

use serde_json::Value;

use super::entries::{LONGEST_ENTRY, MOST_ENTRIES, forwarded_for, node_address};
use super::*;
use crate::testing::{client_address, with_request};

pub(super) const PEER: &str = "127.0.0.1";

fn address(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

pub(super) fn known() -> TrustedProxies {
    TrustedProxies::new([PEER, "10.0.1.0/24"]).expect("networks")
}

pub(super) fn single(name: &str) -> TrustedProxies {
    known().header(ForwardingHeader::single(name).expect("a name"))
}

/// `lines` is what arrives from [`PEER`], one header line each.
pub(super) fn check(proxies: &TrustedProxies, lines: &[&str], expected: &str) {
    let name = match &proxies.header {
        ForwardingHeader::XForwardedFor => "X-Forwarded-For",
        ForwardingHeader::Forwarded => "Forwarded",
        ForwardingHeader::Single(name) => name.field().as_str(),
    };
    let lines: Vec<(&str, &str)> = lines.iter().map(|line| (name, *line)).collect();
    let found = client_address(proxies, Some(address(PEER)), &lines);
    assert_eq!(found, Some(address(expected)), "{lines:?} {proxies:?}");
}

#[test]
fn x_forwarded_for_is_walked_from_the_right() {
    let check = |lines: &[&str], expected| check(&known(), lines, expected);
    check(&[], PEER);
    check(&["10.0.0.1, 192.0.2.1"], "192.0.2.1");
    check(&["10.0.1.1, 192.0.2.1, 127.0.0.1"], "192.0.2.1");
    check(&["10.0.1.1", "192.0.2.1", "127.0.0.1"], "192.0.2.1");
    check(&["192.0.2.9, 10.0.1.1, 127.0.0.1"], "192.0.2.9");
    check(&["10.0.1.2, 10.0.1.1"], "10.0.1.2");
    check(&["192.0.2.9:4711"], "192.0.2.9");
    check(&["[2001:db8::1%eth0]:4711"], "2001:db8::1");
    check(&["fe80::1%eth0"], "fe80::1");
    check(&["[::1]:80"], "::1");
    check(&["::ffff:192.0.2.9"], "192.0.2.9");
    check(&["\t192.0.2.9 "], "192.0.2.9");
}

#[test]
fn what_is_no_address_ends_the_walk_at_the_proxy_that_wrote_it() {
    let check = |lines: &[&str], expected| check(&known(), lines, expected);
    check(&["192.0.2.1, nonsense"], PEER);
    check(&["192.0.2.1, unknown, 10.0.1.7"], "10.0.1.7");
    check(&["192.0.2.1, , 10.0.1.7"], "10.0.1.7");
    check(&["192.0.2.1", "", "10.0.1.7"], "10.0.1.7");
    for garbage in [
        "",
        "0.0.0.0",
        "::",
        "\"192.0.2.9\"",
        "192.0.2.9%eth0",
        "192.0.2.9:",
        "192.0.2.9:80:80",
        "192.0.2.09",
        "192.0.2.9/32",
        "192.0.2.9;",
        "[192.0.2.9]",
        "[2001:db8::1",
        "[2001:db8::1]80",
        "2001:db8::1%",
        "2001:db8::1%a b",
        "unix:",
        "192.0.2.9 192.0.2.8",
    ] {
        check(&[garbage], PEER);
        check(&[&format!("192.0.2.1, {garbage}, 10.0.1.7")], "10.0.1.7");
    }
}

#[test]
fn forwarded_reads_only_for_and_cannot_be_swallowed_by_an_open_quote() {
    let proxies = known().header(ForwardingHeader::Forwarded);
    let check = |lines: &[&str], expected| check(&proxies, lines, expected);
    check(&["for=192.0.2.1;proto=https, for=10.0.1.7"], "192.0.2.1");
    check(&["For=\"[2001:db8::1]:4711\";by=_gateway"], "2001:db8::1");
    check(&["for=\"open, for=192.0.2.1"], "192.0.2.1");
    check(&["for=\"open\\, for=192.0.2.1"], "192.0.2.1");
    check(&["for=192.0.2.9;for=192.0.2.1"], PEER);
    // No blank stands before the `=` (RFC 7239 section 4); one behind it does no harm.
    for malformed in ["For =192.0.2.1", "for\t=192.0.2.1", "proto =https;for=192.0.2.1"] {
        check(&[malformed], PEER);
    }
    check(&["for= 192.0.2.1"], "192.0.2.1");
    check(&[" proto=https ; for=192.0.2.1 "], "192.0.2.1");
    check(&["proto=https"], PEER);
    check(&["for=192.0.2.9, for=_hidden"], PEER);
    check(&["for=192.0.2.9, for=\"_hidden:_port\", for=10.0.1.7"], "10.0.1.7");
    check(&["for=192.0.2.9, for=unknown"], PEER);
    check(&["for=192.0.2.1, by=\"a,b\";for=10.0.1.3"], "192.0.2.1");
    check(&["for=\"192.0.2.1:_secret\";;proto=https;"], "192.0.2.1");
    check(&["192.0.2.1"], PEER);
}

#[test]
fn what_a_proxy_quotes_for_a_client_is_no_entry_and_no_parameter() {
    let proxies = known().header(ForwardingHeader::Forwarded);
    let check = |line: &str| check(&proxies, &[line], "192.0.2.1");
    check(r#"for=192.0.2.1;host="a, for=6.6.6.6, b""#);
    check(r#"for=192.0.2.1;host="a\", for=6.6.6.6;b=\"c""#);
    check(r#"for=192.0.2.1;host="a\\\", for=6.6.6.6;b=\\\"c""#);
    check(r#"for=192.0.2.1;host="a;for=6.6.6.6;b""#);
    check(r#"host="a\";for=6.6.6.6;b=\"c";for=192.0.2.1"#);
    check(r#"host="a\\";for=192.0.2.1"#);
    check(r#"for=6.6.6.6, host="a\\";for=192.0.2.1"#);
}

#[test]
fn a_number_of_hops_takes_the_entry_of_that_number() {
    let check =
        |hops, lines: &[&str], expected| check(&TrustedProxies::hops(hops), lines, expected);
    check(1, &["6.6.6.6, 192.0.2.1"], "192.0.2.1");
    check(2, &["6.6.6.6, 192.0.2.1, 10.0.0.9"], "192.0.2.1");
    check(2, &["6.6.6.6", "192.0.2.1", "203.0.113.4"], "192.0.2.1");
    // What the proxies between say of each other need not be an address.
    check(3, &["6.6.6.6, 192.0.2.1, unix:, _balancer"], "192.0.2.1");
    // Empty entries count: skipped, the third would be what the client wrote.
    check(2, &["6.6.6.6, 192.0.2.1,"], "192.0.2.1");
    // Whatever is missing or no address: the peer, never what stands beside it.
    check(1, &[], PEER);
    check(2, &["192.0.2.1"], PEER);
    check(1, &["192.0.2.1, unknown"], PEER);
    check(2, &["192.0.2.1, nonsense, 10.0.0.9"], PEER);
    check(32, &["192.0.2.1, 192.0.2.1"], PEER);
    let forwarded = TrustedProxies::hops(2).header(ForwardingHeader::Forwarded);
    super::tests::check(&forwarded, &["for=6.6.6.6, for=192.0.2.1, for=_balancer"], "192.0.2.1");
    super::tests::check(&forwarded, &["for=192.0.2.1, for=_client, for=_balancer"], PEER);
}

#[test]
fn hops_count_from_the_peers_that_are_named_and_through_a_unix_socket() {
    let chain = [("x-forwarded-for", "6.6.6.6, 192.0.2.1")];
    let named = TrustedProxies::hops(1).peers(["10.0.0.0/8"]).expect("a network");
    let client = Some(address("192.0.2.1"));
    assert_eq!(client_address(&named, Some(address("10.0.0.1")), &chain), client);
    let stranger = Some(address("203.0.113.9"));
    assert_eq!(client_address(&named, stranger, &chain), stranger);
    assert_eq!(client_address(&named, None, &chain), None);
    // A Unix socket has no address: only a count can trust it.
    assert_eq!(client_address(&TrustedProxies::hops(1), None, &chain), client);
    assert_eq!(client_address(&TrustedProxies::hops(1), None, &[]), None);
    assert_eq!(client_address(&known(), None, &chain), None);
}

#[test]
fn a_header_of_one_address_counts_alone_and_once() {
    let proxies = single("CF-Connecting-IP");
    let check = |lines: &[&str], expected| check(&proxies, lines, expected);
    check(&["192.0.2.1"], "192.0.2.1");
    check(&[" [2001:db8::1%eth0]:80 "], "2001:db8::1");
    check(&["10.0.1.7"], "10.0.1.7");
    check(&[], PEER);
    check(&[""], PEER);
    check(&["192.0.2.1", "192.0.2.1"], PEER);
    check(&["192.0.2.1, 192.0.2.2"], PEER);
    check(&["unknown"], PEER);
    check(&["for=192.0.2.1"], PEER);

    let line = [("cf-connecting-ip", "192.0.2.1")];
    let stranger = Some(address("203.0.113.9"));
    assert_eq!(client_address(&proxies, stranger, &line), stranger);
    // Any peer's word would be taken: no such configuration starts, and none believes.
    let any = TrustedProxies::hops(1).header(proxies.header.clone());
    assert_eq!(client_address(&any, stranger, &line), stranger);
}

#[test]
fn the_other_header_is_not_looked_at() {
    let both = [("x-forwarded-for", "192.0.2.1"), ("forwarded", "for=192.0.2.2")];
    let with_real = [both[0], both[1], ("x-real-ip", "192.0.2.3")];
    let find = |proxies: &TrustedProxies, lines: &[(&str, &str)]| {
        client_address(proxies, Some(address(PEER)), lines).map(|found| found.to_string())
    };
    let forwarded = known().header(ForwardingHeader::Forwarded);
    assert_eq!(find(&known(), &with_real).as_deref(), Some("192.0.2.1"));
    assert_eq!(find(&forwarded, &with_real).as_deref(), Some("192.0.2.2"));
    assert_eq!(find(&single("X-Real-IP"), &with_real).as_deref(), Some("192.0.2.3"));
    // Nor where its own is missing: a client could remove none, but send the other.
    assert_eq!(find(&forwarded, &both[..1]).as_deref(), Some(PEER));
    assert_eq!(find(&single("X-Real-IP"), &both).as_deref(), Some(PEER));
}

#[test]
fn what_is_read_is_bounded() {
    let many = |count: usize| vec!["10.0.1.7"; count].join(",");
    check(&known(), &[&format!("192.0.2.1,{}", many(MOST_ENTRIES - 1))], "192.0.2.1");
    check(&known(), &[&format!("192.0.2.1,{}", many(MOST_ENTRIES))], "10.0.1.7");
    check(&known(), &vec!["10.0.1.7"; 90], "10.0.1.7");
    let proxies = known().header(ForwardingHeader::Forwarded);
    let long = |length: usize| {
        let entry = format!(" for=10.0.1.9;by={}", "a".repeat(length - 17));
        format!("for=192.0.2.1,{entry}, for=10.0.1.7")
    };
    check(&proxies, &[&long(LONGEST_ENTRY)], "192.0.2.1");
    check(&proxies, &[&long(LONGEST_ENTRY + 1)], "10.0.1.7");
    // However long what a client wrote in front of the proxy's entry is.
    check(&proxies, &[&format!("{}\", for=192.0.2.1", "a,\"\\".repeat(20_000))], "192.0.2.1");
    let hops = TrustedProxies::hops(2);
    check(&hops, &["192.0.2.1", &"1".repeat(LONGEST_ENTRY + 1), "10.0.0.1"], PEER);
}

#[test]
fn a_mapped_address_is_the_address_wherever_it_stands() {
    let check = |network: &str, peer: &str, trusted: bool| {
        let proxies = TrustedProxies::new([network]).expect("network");
        let peer = address(peer);
        let found = client_address(&proxies, Some(peer), &[("x-forwarded-for", "203.0.113.7")]);
        let expected = if trusted { address("203.0.113.7") } else { peer.to_canonical() };
        assert_eq!(found, Some(expected), "{network} {peer}");
    };
    for network in ["10.0.0.0/8", "::ffff:10.0.0.0/104", "10.0.0.1", "::ffff:10.0.0.1"] {
        check(network, "10.0.0.1", true);
        check(network, "::ffff:10.0.0.1", true);
        check(network, "::10.0.0.1", false);
        check(network, "11.0.0.1", false);
    }
    check("::/0", "10.0.0.1", false);
    check("0.0.0.0/0", "2001:db8::1", false);
    check("2001:db8::/32", "2001:db8::1", true);
}

#[test]
fn the_header_of_an_untrusted_peer_is_not_looked_at() {
    let peer = Some(address("192.0.2.50"));
    let proxies = TrustedProxies::new(["10.0.0.0/8"]).expect("network");
    let chain = [("x-forwarded-for", "203.0.113.7")];
    assert_eq!(client_address(&proxies, peer, &chain), peer);
    assert_eq!(client_address(&proxies, None, &chain), None);
    assert_eq!(with_request(&chain, |head| super::client_address(head, peer, None)), peer);
}

#[test]
fn a_mistake_says_what_was_expected() {
    let error = TrustedProxies::new(["10.0.0.0/33"]).expect_err("no such prefix");
    assert!(error.to_string().starts_with("`10.0.0.0/33` is no network: expected"));
    let error = ForwardingHeader::single("X-Forwarded-For").expect_err("a list");
    assert!(error.to_string().starts_with("`X-Forwarded-For` is no header of one address"));
    let expects = |proxies: TrustedProxies, start: &str| {
        let fault = proxies.fault().expect("a fault");
        assert!(fault.starts_with(start), "{fault}");
    };
    expects(TrustedProxies::hops(0), "`TrustedProxies::hops` expects 1 to 32, found 0");
    expects(TrustedProxies::hops(33), "`TrustedProxies::hops` expects 1 to 32, found 33");
    let real = ForwardingHeader::single("X-Real-IP").expect("a name");
    expects(TrustedProxies::hops(1).header(real), "`TrustedProxies::hops` counts the entries");
    for sound in [TrustedProxies::hops(1), TrustedProxies::hops(32), known(), single("X-Real-IP")] {
        assert_eq!(sound.fault(), None);
    }
}

/// `mustParseIPAddrPtr(fe80::1%zone)`, as the vectors write it, without the zone.
fn wanted(want: &Value) -> Option<IpAddr> {
    let text = want.as_str()?;
    let text = text.strip_prefix("mustParseIPAddrPtr(").unwrap_or(text).trim_end_matches(')');
    text.split('%').next()?.parse().ok()
}

/// The lines of this header in one of the vectors.
fn lines<'a>(case: &'a Value, name: &str) -> Vec<&'a str> {
    let headers = case["args"]["headers"].as_object().expect("headers");
    let same = |(key, _): &(&String, _)| key.eq_ignore_ascii_case(name);
    let lines = headers.iter().find(same).and_then(|(_, lines)| lines.as_array());
    lines.into_iter().flatten().filter_map(Value::as_str).collect()
}

fn table(name: &str) -> Vec<Value> {
    let file = include_str!("../../../../tests/vectors/client-address/parsing.json");
    let vectors: Value = serde_json::from_str(file).expect("JSON");
    vectors["tables"][name].as_array().expect("a table").clone()
}

#[test]
fn the_public_vectors_of_single_entries_agree() {
    for case in table("Test_parseForwardedListItem") {
        let found = forwarded_for(case["fwd"].as_str().expect("text").as_bytes());
        assert_eq!(found, wanted(&case["want"]), "{case}");
    }
    for case in table("TestRemoteAddrStrategy") {
        let found = node_address(case["args"]["remoteAddr"].as_str().expect("text").as_bytes());
        assert_eq!(found, wanted(&case["want"]), "{case}");
    }
    for case in table("Test_goodIPAddr") {
        let found = node_address(case["ipStr"].as_str().expect("text").as_bytes());
        let text = case["want"]["IP"].as_str().map(|text| text.trim_start_matches("net.ParseIP("));
        let expected = text.map(|text| address(text.trim_end_matches(')')));
        // An IPv4 address has no zone, not even an empty one.
        let expected = expected.filter(|_| case["name"] != "Empty zone");
        assert_eq!(found, expected, "{case}");
    }
}

#[test]
fn the_public_vectors_of_headers_of_one_address_agree() {
    for case in table("TestSingleIPHeaderStrategy") {
        let name = case["args"]["headerName"].as_str().expect("name");
        let header = ForwardingHeader::single(name);
        assert_eq!(header.is_err(), case["wantErr"] == true, "{case}");
        if header.is_ok() {
            // Where the vectors find nobody, the peer it is.
            let expected = wanted(&case["want"]).unwrap_or(address(PEER)).to_string();
            check(&single(name), &lines(&case, name), &expected);
        }
    }
}

#[test]
fn the_public_vectors_of_lists_and_networks_agree() {
    // The rightmost entry is what the proxy saw. The vectors' strategy skips link-local ones,
    // which the two cases with zones end in, and garbage, which all after the tenth end in.
    let rightmost = table("TestRightmostNonPrivateStrategy");
    let zoned = |case: &&Value| case["name"].as_str().is_some_and(|it| it.contains("zone"));
    for case in rightmost.iter().take(10).filter(|case| !zoned(case)) {
        let name = case["args"]["headerName"].as_str().expect("name");
        let header = match name.eq_ignore_ascii_case("forwarded") {
            true => ForwardingHeader::Forwarded,
            false => ForwardingHeader::XForwardedFor,
        };
        let expected = wanted(&case["want"]).expect("an address").to_string();
        check(&known().header(header.clone()), &lines(case, name), &expected);
        check(&TrustedProxies::hops(1).header(header), &lines(case, name), &expected);
    }
    for case in table("TestAddressesAndRangesToIPNets") {
        let ranges = case["ranges"].as_array().into_iter().flatten().filter_map(Value::as_str);
        assert_eq!(TrustedProxies::new(ranges).is_err(), case["wantErr"] == true, "{case}");
    }
}

#[test]
fn nginx_agrees_where_it_walks_the_whole_chain_and_where_it_takes_the_last_entry() {
    let file = include_str!("../../../../tests/vectors/client-address/nginx_realip.json");
    let vectors: Value = serde_json::from_str(file).expect("JSON");
    for row in vectors["rows"].as_array().expect("rows") {
        let lines: Vec<&str> = row[1].as_str().expect("lines").split(" | ").collect();
        let is_walked = row[0].as_str().expect("mode").starts_with("recursive on");
        let proxies = if is_walked { known() } else { TrustedProxies::hops(1) };
        check(&proxies, &lines, row[2].as_str().expect("client"));
    }
    assert_eq!(vectors["rows"].as_array().map(Vec::len), Some(5));
}

#[test]
fn addresses_are_written_in_one_way() {
    for text in ["1.2.3.4:80", "[::ffff:1.2.3.4]:80", "::ffff:102:304", "[::ffff:102:304%lo]"] {
        assert_eq!(node_address(text.as_bytes()), IpAddr::from_str("1.2.3.4").ok(), "{text}");
    }
}
