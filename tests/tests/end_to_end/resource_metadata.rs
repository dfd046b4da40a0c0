//! The API as a protected resource: the location and content of its metadata, the challenges that refer to
//! them (RFC 9728), and the audience of tokens (RFC 8707).

use actix_web::{App, get, web};
use secure_runtime::authentication::{Attempt, Authenticator, Challenge, Presented};
use secure_runtime::testing::Issuer;
use secure_runtime::{
    Moment, Principal, ProtectedResource, RequestHead, Security, SecurityBuilder, secure,
};
use secure_tests::{Answer, TestServer, bearer, unix};

use crate::Runs;

#[secure(scopes = any("orders:read", "orders:write"), fresh = "5m")]
#[get("/orders")]
async fn orders(runs: web::Data<Runs>) -> &'static str {
    runs.count();
    "orders"
}

#[secure(auth = any(jwt, names), scopes = "reports:read")]
#[get("/reports")]
async fn reports(runs: web::Data<Runs>) -> &'static str {
    runs.count();
    "reports"
}

/// An authenticator that returns names, without support for OAuth.
struct Names;

impl Authenticator for Names {
    fn challenge(&self) -> Challenge {
        Challenge::new("Names")
    }

    fn presented(&self, request: &RequestHead<'_>) -> Presented<'_> {
        Presented::by_header(request, "x-name")
    }

    fn authenticate(&self, request: &RequestHead<'_>, _: Moment) -> Attempt {
        match request.header("x-name") {
            Some(_) => Attempt::Accepted(Principal::builder("somebody").build()),
            None => Attempt::Absent,
        }
    }
}

const SHOP: &str = "https://api.example/shop";
const PATH: &str = "/.well-known/oauth-protected-resource/shop";
const LEADS_THERE: &str =
    r#"resource_metadata="https://api.example/.well-known/oauth-protected-resource/shop""#;

fn issuer() -> Issuer {
    Issuer::hs256().named("https://issuer.example").audience(SHOP)
}

fn builder(issuer: &Issuer) -> SecurityBuilder {
    Security::builder()
        .answers_for(module_path!())
        .authenticator("jwt", issuer.jwt())
        .named_authenticator("names", Names)
}

fn server(security: &Security) -> (TestServer, Runs) {
    let runs = Runs::default();
    let (security, data) = (security.clone(), web::Data::new(runs.clone()));
    let server = TestServer::run(move || {
        App::new()
            .app_data(security.clone())
            .app_data(data.clone())
            .service(security.resource_metadata())
            .service(secure_runtime::scope("/shop").service(orders).service(reports))
    });
    (server, runs)
}

fn challenges(answer: &Answer) -> Vec<&str> {
    let lines = answer.headers.iter().filter(|(name, _)| name == "www-authenticate");
    lines.map(|(_, value)| value.as_str()).collect()
}

#[actix_web::test]
async fn the_metadata_are_at_their_well_known_place_for_everybody() {
    let issuer = issuer();
    let resource = ProtectedResource::new(SHOP)
        .name("The shop")
        .documentation("https://api.example/docs")
        .policy("https://api.example/policy")
        .terms_of_service("https://api.example/terms")
        .list_scopes();
    let (server, _) = server(&builder(&issuer).protected_resource(resource).build().unwrap());
    for credentials in [&[][..], &["authorization: Bearer nonsense"], &["authorization: "]] {
        let answer = server.get(PATH, credentials).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.header("content-type"), Some("application/json"));
        assert_eq!(answer.header("cache-control"), Some("public, max-age=3600"));
        let expected = serde_json::json!({
            "resource": SHOP,
            "authorization_servers": ["https://issuer.example"],
            "scopes_supported": ["orders:read", "orders:write", "reports:read"],
            "bearer_methods_supported": ["header"],
            "resource_name": "The shop",
            "resource_documentation": "https://api.example/docs",
            "resource_policy_uri": "https://api.example/policy",
            "resource_tos_uri": "https://api.example/terms",
        });
        assert_eq!(answer.json(), expected);
    }
    for elsewhere in [
        "/.well-known/oauth-protected-resource",
        "/.well-known/oauth-protected-resource/",
        "/.well-known/oauth-protected-resource/shop/",
        "/.well-known/oauth-protected-resource/shop/orders",
        "/.well-known/oauth-protected-resource/SHOP",
        "/shop/.well-known/oauth-protected-resource",
    ] {
        assert_eq!(server.get(elsewhere, &[]).await.status, 404, "{elsewhere}");
    }
    let head = format!("HEAD {PATH} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    let head = server.raw(head).await;
    assert!(head.starts_with("HTTP/1.1 200 ") && head.ends_with("\r\n\r\n"), "{head}");
    let refused = server.send("POST", PATH, &[], "{}").await;
    assert_eq!((refused.status, refused.header("allow")), (405, Some("GET, HEAD")));
}

#[actix_web::test]
async fn what_has_no_value_is_left_out_and_scopes_are_told_by_choice() {
    let issuer = issuer().audience("https://api.example");
    let security = builder(&issuer).protected_resource("https://api.example").build().unwrap();
    let (server, _) = server(&security);
    let answer = server.get("/.well-known/oauth-protected-resource", &[]).await;
    let expected = serde_json::json!({
        "resource": "https://api.example",
        "authorization_servers": ["https://issuer.example"],
        "bearer_methods_supported": ["header"],
    });
    assert_eq!(answer.json(), expected);
}

#[actix_web::test]
async fn every_challenge_of_oauth_leads_there_and_no_other() {
    let issuer = issuer();
    let described = builder(&issuer).protected_resource(SHOP).build().unwrap();
    let (server, runs) = server(&described);
    let start = format!("Bearer realm=\"api\", {LEADS_THERE}");
    let told = |parameters: &str| format!("{start}{parameters}");
    let stale = bearer(&issuer.token("ada").scope("orders:read").authenticated_at(unix(1)).sign());
    let plain = bearer(&issuer.token("ada").sign());
    let forged = bearer(&issuer.token("ada").tampered());
    let expected = [
        (&[][..], 401, told("")),
        (&[forged.as_str()], 401, told(", error=\"invalid_token\"")),
        (&[&plain, &plain], 400, told(", error=\"invalid_request\"")),
        (
            &[plain.as_str()],
            403,
            told(", error=\"insufficient_scope\", scope=\"orders:read orders:write\""),
        ),
        (
            &[stale.as_str()],
            401,
            told(", error=\"insufficient_user_authentication\", max_age=\"300\""),
        ),
    ];
    for (credentials, status, challenge) in expected {
        let answer = server.get("/shop/orders", credentials).await;
        answer.problem(status);
        assert_eq!(challenges(&answer), [challenge]);
    }
    let answer = server.get("/shop/reports", &[]).await;
    assert_eq!(challenges(&answer), [start.as_str(), "Names"]);
    assert_eq!(runs.so_far(), 0);

    let (server, _) = self::server(&builder(&issuer).build().unwrap());
    assert_eq!(challenges(&server.get("/shop/orders", &[]).await), ["Bearer realm=\"api\""]);
}

/// A client that has only the address of the API (RFC 9728 section 5).
#[actix_web::test]
async fn a_client_finds_its_way_to_a_token_that_is_accepted() {
    let clock = secure_runtime::testing::FakeClock::new();
    let issuer = issuer().clock(clock.clone());
    let builder = builder(&issuer).clock(clock.clone()).protected_resource(SHOP);
    let (server, runs) = server(&builder.build().unwrap());
    let refused = server.get("/shop/reports", &[]).await;
    let (_, place) = challenges(&refused)[0].split_once("resource_metadata=\"").unwrap();
    let place = place.trim_end_matches('"').strip_prefix("https://api.example").unwrap();
    let metadata = server.get(place, &[]).await.json();
    assert_eq!(metadata["authorization_servers"][0], "https://issuer.example");

    // The authorization server puts the requested resource into `aud` (RFC 8707 section 2).
    let resource = metadata["resource"].as_str().unwrap();
    let token = |audience: &str| {
        let token = issuer.token("ada").scope("reports:read");
        bearer(&token.claim("aud", audience).sign())
    };
    assert_eq!(server.get("/shop/reports", &[&token(resource)]).await.body, "reports");
    for other in ["https://api.example", "https://api.example/shop/", "https://api.example/SHOP"] {
        let answer = server.get("/shop/reports", &[&token(other)]).await;
        answer.problem(401);
        assert!(challenges(&answer)[0].contains("invalid_token"), "{answer:?}");
    }
    assert_eq!(runs.so_far(), 1);
}

#[actix_web::test]
async fn the_metadata_can_be_mounted_in_a_scope_of_secured_endpoints() {
    let issuer = issuer();
    let security = builder(&issuer).protected_resource(SHOP).build().unwrap();
    let metadata = security.resource_metadata();
    let server =
        TestServer::start(&security, move || secure_runtime::scope("").service(metadata.clone()));
    assert_eq!(server.get(PATH, &[]).await.json()["resource"], SHOP);
}

#[actix_web::test]
async fn metadata_that_nobody_described_are_not_made_up() {
    let (server, _) = server(&builder(&issuer()).build().unwrap());
    let answer = server.get("/.well-known/oauth-protected-resource", &[]).await;
    assert_eq!(answer.problem(500).get("detail"), None);
}

#[test]
fn the_inventory_lists_the_metadata() {
    let security = builder(&issuer()).protected_resource(SHOP).build().unwrap();
    let inventory = security.inventory();
    let row = inventory.rows().iter().find(|row| row.path == Some(PATH)).unwrap();
    assert_eq!((row.method.as_deref(), row.access.as_str()), (Some("GET"), "public"));
    assert_eq!(row.exceptions, ["public: clients learn here where to get a token (RFC 9728)"]);

    let without = builder(&issuer()).build().unwrap().inventory();
    assert_eq!(without.rows().len() + 1, inventory.rows().len());
}

#[test]
fn authorization_servers_are_those_of_the_authenticators_or_the_ones_named() {
    let servers = |builder: SecurityBuilder, resource: ProtectedResource| {
        let security = builder.protected_resource(resource).build().unwrap();
        let mounted = format!("{:?}", security.resource_metadata());
        let start = mounted.find("authorization_servers").unwrap();
        mounted[start..].split(']').next().unwrap().replace('\\', "")
    };
    let two = || {
        let other = Issuer::rs256().named("https://a.example/realms/shop").audience(SHOP);
        builder(&issuer()).authenticator("other", other.jwt())
    };
    assert_eq!(
        servers(two(), SHOP.into()),
        r#"authorization_servers":["https://a.example/realms/shop","https://issuer.example""#
    );
    let named = ProtectedResource::new(SHOP).authorization_server("https://issuer.example");
    assert_eq!(servers(two(), named), r#"authorization_servers":["https://issuer.example""#);
}

#[test]
fn a_description_that_does_not_fit_is_found_at_launch() {
    let faults = |issuer: Issuer, resource: ProtectedResource| {
        let built = builder(&issuer).protected_resource(resource).build();
        built.map_or_else(|error| error.faults().map(ToString::to_string).collect(), |_| Vec::new())
    };
    let for_shop = || issuer().audience("shop");
    // Clients would request tokens that the authenticator refuses.
    let found = faults(for_shop(), SHOP.into());
    assert_eq!(
        found,
        [
            "the authenticator `jwt` refuses tokens for `https://api.example/shop`, which clients of \
          the protected resource ask for (RFC 8707): add `.audience(\"https://api.example/shop\")` \
          to it, or say what their `aud` is with `ProtectedResource::audience`; an \
          authenticator of your own announces it with `Capabilities::accepts_audience`"
        ]
    );
    assert!(faults(issuer(), SHOP.into()).is_empty());
    assert!(faults(for_shop(), ProtectedResource::new(SHOP).audience("shop")).is_empty());
    // The authenticator accepts the identifier, but tokens would have another audience.
    assert_eq!(faults(issuer(), ProtectedResource::new(SHOP).audience("shop")).len(), 1);
    // Tokens of an issuer that the metadata do not list may be for somebody else.
    let named = ProtectedResource::new(SHOP).authorization_server("https://other.example");
    assert!(faults(for_shop(), named).is_empty());

    let check = |identifier: &str, fault: &str| {
        let found = faults(issuer().audience(identifier), identifier.into());
        assert_eq!(found, [format!("the protected resource `{identifier}` {fault}")]);
    };
    check("shop", "is no URL");
    check("http://api.example", "is not HTTPS, and not on this machine's loopback");
    check("https://api.example?a=b", "has a query or a fragment, and expects none");
    check("https://api.example/?a=b", "has a query or a fragment, and expects none");
    check("https://Api.example/", "expects a host, in lower case, and at most a port");

    let found = faults(issuer().named("issuer"), SHOP.into());
    assert_eq!(
        found,
        ["the authorization server `issuer` is no URL: name those that clients can ask with \
          `.authorization_server(…)`"]
    );
    let found = faults(issuer(), ProtectedResource::new(SHOP).documentation("docs/index.html"));
    assert_eq!(
        found,
        ["the documentation of the protected resource, `docs/index.html`, expects a URL"]
    );
}
