//! Keys of limits: by header, claim, API key, expression, prefix, and combinations.

use actix_web::{HttpResponse, get, web};
use secure_runtime::authentication::api_key::{ApiKey, ApiKeys, MemoryKeyStore};
use secure_runtime::testing::{Issuer, Token};
use secure_runtime::{ForwardingHeader, Principal, SecurityBuilder, TrustedProxies, secure};
use secure_tests::{TestServer, bearer};
use serde_json::json;

use crate::Runs;

#[secure(rate("2/h", by = header("x-client")), rate("100/h", by = address))]
#[get("/header")]
async fn by_header(runs: web::Data<Runs>) -> HttpResponse {
    runs.count();
    HttpResponse::Ok().finish()
}

#[secure(rate("2/h", by = claim("org.id")))]
#[get("/claim")]
async fn by_claim() -> HttpResponse {
    HttpResponse::Ok().finish()
}

#[secure(rate("2/h", by = claim(["https://shop.example/org"])))]
#[get("/namespaced")]
async fn by_namespaced() -> HttpResponse {
    HttpResponse::Ok().finish()
}

#[secure(auth = any(jwt, api_key), rate("2/h", by = api_key))]
#[get("/api_key")]
async fn by_api_key() -> HttpResponse {
    HttpResponse::Ok().finish()
}

#[secure(rate("2/h", by = (tenant, address)))]
#[get("/combination")]
async fn by_combination() -> HttpResponse {
    HttpResponse::Ok().finish()
}

/// The team is the part of the subject before the slash.
fn team(caller: &Principal) -> Option<&str> {
    caller.subject().split_once('/').map(|(team, _)| team)
}

#[secure(rate("2/h", by = key(team(caller))))]
#[get("/expression")]
async fn by_expression() -> HttpResponse {
    HttpResponse::Ok().finish()
}

#[secure(public, rate("2/h", by = key((request.method(), request.query_string().len()))), rate("100/h", by = address))]
#[get("/request")]
async fn by_request() -> HttpResponse {
    HttpResponse::Ok().finish()
}

#[secure(auth = optional, rate("2/h", by = key(caller.map(|it| it.subject().len()))))]
#[get("/optional")]
async fn by_optional() -> HttpResponse {
    HttpResponse::Ok().finish()
}

#[secure(rate("2/h", by = (key(caller.subject().split_at(64).0), address)))]
#[get("/panics")]
async fn by_panics(runs: web::Data<Runs>) -> HttpResponse {
    runs.count();
    HttpResponse::Ok().finish()
}

#[secure(public, rate("2/h", by = address))]
#[get("/address")]
async fn by_address() -> HttpResponse {
    HttpResponse::Ok().finish()
}

struct World {
    server: TestServer,
    issuer: Issuer,
    store: MemoryKeyStore,
    runs: Runs,
}

fn world(adapt: impl Fn(SecurityBuilder) -> SecurityBuilder) -> World {
    let (builder, issuer, _) = crate::security(module_path!());
    let (store, runs) = (MemoryKeyStore::new(), Runs::default());
    let builder = builder.named_authenticator("api_key", ApiKeys::new(store.clone()));
    let security = adapt(builder).build().unwrap();
    let data = web::Data::new(runs.clone());
    let server = TestServer::start(&security, move || {
        secure_runtime::scope("")
            .app_data(data.clone())
            .service(by_header)
            .service(by_claim)
            .service(by_namespaced)
            .service(by_api_key)
            .service(by_combination)
            .service(by_expression)
            .service(by_request)
            .service(by_optional)
            .service(by_panics)
            .service(by_address)
    });
    World { server, issuer, store, runs }
}

impl World {
    /// How many of four requests are admitted.
    async fn admitted(&self, path: &str, headers: &[&str]) -> usize {
        let mut admitted = 0;
        for _ in 0..4 {
            let status = self.server.get(path, headers).await.status;
            assert!([200, 429].contains(&status), "{path} answered {status}");
            admitted += usize::from(status == 200);
        }
        admitted
    }

    async fn admitted_by(&self, path: &str, token: Token<'_>) -> usize {
        self.admitted(path, &[&bearer(&token.sign())]).await
    }
}

#[actix_web::test]
async fn a_header_tells_clients_apart_and_without_it_the_caller_counts() {
    let world = world(|builder| builder);
    let ada = bearer(&world.issuer.token("ada").sign());
    let grace = bearer(&world.issuer.token("grace").sign());
    assert_eq!(world.admitted("/header", &[&ada, "x-client: app"]).await, 2);
    assert_eq!(world.admitted("/header", &[&grace, "x-client: app"]).await, 0);
    assert_eq!(world.admitted("/header", &[&ada, "X-CLIENT: other"]).await, 2);
    // A header without a value, or sent twice, does not create a new client.
    assert_eq!(world.admitted("/header", &[&ada]).await, 2);
    assert_eq!(world.admitted("/header", &[&ada, "x-client: "]).await, 0);
    assert_eq!(world.admitted("/header", &[&ada, "x-client: a", "x-client: b"]).await, 0);
    assert_eq!(world.admitted("/header", &[&grace]).await, 2);
    // A client with the same name as a principal is counted separately.
    assert_eq!(world.admitted("/header", &[&grace, "x-client: ada"]).await, 2);
    assert_eq!(world.runs.so_far(), 10);
}

#[actix_web::test]
async fn whoever_says_something_new_each_time_is_refused_by_the_limit_beside_it() {
    let world = world(|builder| builder);
    let ada = bearer(&world.issuer.token("ada").sign());
    let mut admitted = 0;
    for count in 0..105 {
        let client = format!("x-client: {count}");
        admitted += usize::from(world.server.get("/header", &[&ada, &client]).await.status == 200);
    }
    assert_eq!((admitted, world.runs.so_far()), (100, 100));
}

#[actix_web::test]
async fn a_claim_tells_callers_apart_and_without_it_the_principal_counts() {
    let world = world(|builder| builder);
    let of = |name: &str, org: serde_json::Value| world.issuer.token(name).claim("org", org);
    assert_eq!(world.admitted_by("/claim", of("ada", json!({"id": "acme"}))).await, 2);
    assert_eq!(world.admitted_by("/claim", of("grace", json!({"id": "acme"}))).await, 0);
    assert_eq!(world.admitted_by("/claim", of("ada", json!({"id": 7}))).await, 2);
    assert_eq!(world.admitted_by("/claim", of("ada", json!({"id": "7"}))).await, 2);
    assert_eq!(world.admitted_by("/claim", of("ada", json!({"id": true}))).await, 2);
    // An invalid value counts as missing: one count for each principal.
    for org in
        [json!(null), json!("acme"), json!({"id": null}), json!({"id": []}), json!({"id": {}})]
    {
        let admitted = world.admitted_by("/claim", of("eve", org.clone())).await;
        assert_eq!(admitted, if org.is_null() { 2 } else { 0 }, "{org}");
    }
    assert_eq!(world.admitted_by("/claim", world.issuer.token("mallory")).await, 2);
    let namespaced = |name| world.issuer.token(name).claim("https://shop.example/org", "acme");
    assert_eq!(world.admitted_by("/namespaced", namespaced("ada")).await, 2);
    assert_eq!(world.admitted_by("/namespaced", namespaced("grace")).await, 0);
}

#[actix_web::test]
async fn each_api_key_of_an_owner_counts_by_itself() {
    let world = world(|builder| builder);
    let added = || {
        let key = ApiKey::generate("shop", Principal::builder("billing")).unwrap();
        world.store.add(key.record()).unwrap();
        format!("x-api-key: {}", key.expose())
    };
    let (one, other) = (added(), added());
    assert_eq!(world.admitted("/api_key", &[&one]).await, 2);
    assert_eq!(world.admitted("/api_key", &[&one]).await, 0);
    assert_eq!(world.admitted("/api_key", &[&other]).await, 2);
    assert_eq!(world.admitted_by("/api_key", world.issuer.token("billing")).await, 2);
    assert_eq!(world.admitted_by("/api_key", world.issuer.token("billing")).await, 0);
}

#[actix_web::test]
async fn a_combination_counts_what_has_all_its_parts_in_common() {
    let world = world(|builder| {
        let proxies = TrustedProxies::new(["127.0.0.1"]).unwrap();
        builder.trusted_proxies(proxies.header(ForwardingHeader::XForwardedFor))
    });
    let at = |name: &str, tenant: &str| bearer(&world.issuer.token(name).tenant(tenant).sign());
    let (ada, grace, eve) = (at("ada", "acme"), at("grace", "acme"), at("eve", "initech"));
    let (here, there) = ("x-forwarded-for: 192.0.2.1", "x-forwarded-for: 192.0.2.2");
    assert_eq!(world.admitted("/combination", &[&ada, here]).await, 2);
    assert_eq!(world.admitted("/combination", &[&grace, here]).await, 0);
    assert_eq!(world.admitted("/combination", &[&grace, there]).await, 2);
    assert_eq!(world.admitted("/combination", &[&eve, here]).await, 2);
    let alone = bearer(&world.issuer.token("alone").sign());
    assert_eq!(world.admitted("/combination", &[&alone, here]).await, 2);
    assert_eq!(world.admitted("/combination", &[&alone, here]).await, 0);
}

#[actix_web::test]
async fn an_expression_tells_requests_apart() {
    let world = world(|builder| builder);
    let by = async |name: &str| world.admitted_by("/expression", world.issuer.token(name)).await;
    assert_eq!(by("red/ada").await, 2);
    assert_eq!(by("red/grace").await, 0);
    assert_eq!(by("blue/ada").await, 2);
    assert_eq!(by("eve").await, 2, "`None` is a value as any other");
    assert_eq!(by("mallory").await, 0);

    assert_eq!(world.admitted("/request", &[]).await, 2);
    assert_eq!(world.admitted("/request?a", &[]).await, 2);
    assert_eq!(world.admitted("/request?b", &[]).await, 0);

    assert_eq!(world.admitted("/optional", &[]).await, 2);
    assert_eq!(world.admitted_by("/optional", world.issuer.token("ada")).await, 2);
    assert_eq!(world.admitted_by("/optional", world.issuer.token("eve")).await, 0);
}

#[actix_web::test]
async fn an_expression_that_panics_refuses_the_request() {
    let world = world(|builder| builder);
    let short = bearer(&world.issuer.token("ada").sign());
    let long = bearer(&world.issuer.token("a".repeat(64)).sign());
    world.server.get("/panics", &[&short]).await.problem(500);
    assert_eq!(world.runs.so_far(), 0);
    assert_eq!(world.admitted("/panics", &[&long]).await, 2);
}

#[actix_web::test]
async fn addresses_count_together_by_the_prefix_that_is_configured() {
    let trusting = |builder: SecurityBuilder| {
        let proxies = TrustedProxies::new(["127.0.0.1"]).unwrap();
        builder.trusted_proxies(proxies.header(ForwardingHeader::XForwardedFor))
    };
    let world = world(|builder| trusting(builder).ipv6_prefix(56).ipv4_prefix(24));
    for (address, expected) in [
        ("2001:db8:0:100::1", 2),
        ("2001:db8:0:1ff::1", 0),
        ("2001:db8:0:200::1", 2),
        ("192.0.2.1", 2),
        ("192.0.2.200", 0),
        ("::ffff:192.0.2.99", 0),
        ("64:ff9b::192.0.2.98", 0),
        ("2002:c000:297:1::1", 0),
        ("192.0.3.1", 2),
        // One IPv4 host owns a whole 6to4 prefix, and a translator's prefix contains all IPv4 hosts.
        ("2002:c000:401:1::1", 2),
        ("2002:c000:401:2::1", 0),
        ("64:ff9b::192.0.5.1", 2),
        ("64:ff9b::192.0.6.1", 2),
    ] {
        let header = format!("x-forwarded-for: {address}");
        assert_eq!(world.admitted("/address", &[&header]).await, expected, "{address}");
    }
}

#[test]
fn what_limits_count_by_can_be_found() {
    let faults = |builder: SecurityBuilder| match builder.build() {
        Ok(_) => Vec::new(),
        Err(error) => error.faults().map(ToString::to_string).collect(),
    };
    let (builder, issuer, _) = crate::security(module_path!());
    let found = faults(builder.ipv4_prefix(33).named_authenticator("api_key", issuer.jwt()));
    assert_eq!(found.len(), 2, "{found:#?}");
    assert_eq!(found[0], "`ipv4_prefix` expects 1 to 32 bits, found 33");
    let expected = "a limit of `end_to_end::limit_keys::by_api_key` counts by API key, and none of its \
                    authenticators takes any (";
    assert!(found[1].starts_with(expected), "{found:#?}");

    let (builder, ..) = crate::security(module_path!());
    let keys = ApiKeys::new(MemoryKeyStore::new());
    let found = faults(builder.ipv6_prefix(0).named_authenticator("api_key", keys));
    assert_eq!(found, ["`ipv6_prefix` expects 1 to 128 bits, found 0"]);
}
