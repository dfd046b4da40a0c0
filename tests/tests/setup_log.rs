//! The warnings, logged once, about a configuration that works but probably not as intended.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use actix_web::{App, HttpResponse, get, web};
use secure_runtime::testing::Issuer;
use secure_runtime::{Caller, Principal, Security, SecurityBuilder, TrustedProxies, secure};
use secure_tests::{TestServer, log};

fn builder() -> SecurityBuilder {
    Security::builder().authenticator("jwt", Issuer::hs256().jwt())
}

/// The warnings with this text.
fn warnings(text: &str) -> Vec<String> {
    let is_one = |line: &String| line.starts_with("WARN ") && line.contains(text);
    log::lines().into_iter().filter(is_one).collect()
}

#[secure(public, rate("1000/s", by = address))]
#[get("/once")]
async fn once() -> &'static str {
    "served"
}

#[secure(public, rate("3/min", by = address))]
#[get("/each")]
async fn each() -> &'static str {
    "served"
}

#[secure(public, rate("1000/s", by = address))]
#[get("/elsewhere")]
async fn elsewhere() -> &'static str {
    "served"
}

#[secure(public, rate("1000/s", by = address))]
#[get("/proxied")]
async fn proxied() -> &'static str {
    "served"
}

#[secure(public, rate("300/h", by = address))]
#[get("/limited")]
async fn limited() -> &'static str {
    "served"
}

#[secure(public)]
#[get("/installed")]
async fn installed() -> &'static str {
    "served"
}

/// A single test, because the first warning is logged once per process, and the second part logs several.
#[actix_web::test]
async fn what_the_first_requests_show_is_warned_of_once() {
    two_securities_that_serve_one_endpoint_are_warned_of_once().await;
    a_proxy_that_nobody_named_is_warned_of_once().await;
    endpoints_that_no_route_leads_to_are_warned_of_once().await;
}

async fn endpoints_that_no_route_leads_to_are_warned_of_once() {
    const TEXT: &str = "no route of this application leads to these endpoints";
    log::record();
    let answering = |module| builder().answers_for(module).build().unwrap();
    let whole = TestServer::start(&answering("setup_log::office"), || {
        secure_runtime::scope("/office").service(office::mounted).service(office::forgotten)
    });
    let before = warnings(TEXT).len();
    whole.get("/office/mounted", &[]).await;
    assert_eq!(warnings(TEXT).len(), before);
    let server = TestServer::start(&answering("setup_log::office"), || {
        web::scope("").service(office::mounted)
    });
    for _ in 0..4 {
        assert_eq!(server.get("/mounted", &[]).await.body, "served");
    }
    let found = warnings(TEXT);
    assert_eq!(found.len(), before + 1, "{found:?}");
    let found = &found[before..];
    assert!(
        found[0].contains("setup_log::office::forgotten (tests/tests/setup_log.rs:"),
        "{found:?}"
    );
    assert!(!found[0].contains("::mounted"), "{found:?}");
}

mod office {
    use actix_web::get;
    use secure_runtime::secure;

    #[secure(public)]
    #[get("/mounted")]
    pub(super) async fn mounted() -> &'static str {
        "served"
    }

    #[secure(public)]
    #[get("/forgotten")]
    pub(super) async fn forgotten() -> &'static str {
        "served"
    }
}

async fn two_securities_that_serve_one_endpoint_are_warned_of_once() {
    const TEXT: &str = "two `Security` values serve this endpoint";
    log::record();
    // One `Security` shared by all workers, and another one for other endpoints.
    let (shared, other) = (builder().build().unwrap(), builder().build().unwrap());
    let server = TestServer::start(&shared, || once);
    let other = TestServer::start(&other, || elsewhere);
    for _ in 0..8 {
        assert_eq!(server.get("/once", &[]).await.body, "served");
        assert_eq!(other.get("/elsewhere", &[]).await.body, "served");
    }
    assert_eq!(warnings(TEXT), [""; 0]);

    // A dropped `Security` does not count as another one.
    {
        let gone = builder().build().unwrap();
        let app = App::new().app_data(gone).service(each);
        let app = actix_web::test::init_service(app).await;
        let request = actix_web::test::TestRequest::get().uri("/each").to_request();
        assert_eq!(actix_web::test::call_service(&app, request).await.status(), 200);
    }
    // Built in the closure, and therefore once per worker.
    let careless =
        TestServer::run(|| App::new().app_data(builder().build().unwrap()).service(each));
    // Each request uses its own connection; connections go to the workers in turn.
    for _ in 0..20 {
        assert!(careless.get("/each", &[]).await.status < 500);
    }
    let found = warnings(TEXT);
    assert_eq!(found.len(), 1, "{found:?}");
    for part in ["setup_log::each", "`HttpServer::new`", "`.app_data(security.clone())`"] {
        assert!(found.iter().all(|line| line.contains(part)), "{part}: {found:?}");
    }
}

async fn a_proxy_that_nobody_named_is_warned_of_once() {
    const TEXT: &str = "no trusted proxies are configured";
    log::record();
    let forwarded = ["X-Forwarded-For: 192.0.2.9"];
    for proxies in [vec!["127.0.0.0/8"], vec![]] {
        let named = builder().trusted_proxies(TrustedProxies::new(proxies).unwrap());
        let server = TestServer::start(&named.build().unwrap(), || proxied);
        assert_eq!(server.get("/proxied", &forwarded).await.body, "served");
    }
    let server = TestServer::start(&builder().build().unwrap(), || proxied);
    assert_eq!(server.get("/proxied", &["X-Other: 192.0.2.9"]).await.body, "served");
    assert_eq!(warnings(TEXT), [""; 0]);
    for _ in 0..8 {
        assert_eq!(server.get("/proxied", &forwarded).await.body, "served");
    }
    let found = warnings(TEXT);
    assert_eq!(found.len(), 1, "{found:?}");
    for part in ["x-forwarded-for", "127.0.0.1", "`.trusted_proxies(TrustedProxies::new("] {
        assert!(found.iter().all(|line| line.contains(part)), "{part}: {found:?}");
    }
    assert!(!found.iter().any(|line| line.contains("192.0.2.9")), "{found:?}");

    // The warning also appears if probes without the header have used up the checks of served requests.
    let server = TestServer::start(&builder().build().unwrap(), || limited);
    for _ in 0..300 {
        server.get("/limited", &[]).await;
    }
    assert_eq!(warnings(TEXT).len(), 1);
    server.get("/limited", &forwarded).await.problem(429);
    assert_eq!(warnings(TEXT).len(), 2);
}

#[actix_web::test]
async fn a_security_that_is_installed_as_data_is_told() {
    log::record();
    let security = builder().build().unwrap();
    let data = web::Data::new(security.clone());
    let alone = TestServer::run({
        let data = data.clone();
        move || App::new().app_data(data.clone()).service(installed)
    });
    let beside = TestServer::run(move || {
        App::new().app_data(security.clone()).app_data(data.clone()).service(installed)
    });
    alone.get("/installed", &[]).await.problem(500);
    assert_eq!(beside.get("/installed", &[]).await.body, "served");
    let lines = log::lines();
    let told = lines.iter().find(|line| line.contains("installed as `web::Data`"));
    let Some(told) = told else { panic!("{lines:?}") };
    assert!(told.starts_with("ERROR ") && told.contains("`.app_data(security.clone())`"), "{told}");
}

#[actix_web::test]
async fn a_caller_outside_of_the_pipeline_is_warned_of_once() {
    log::record();
    let server = TestServer::run(|| {
        let handler = async |_: Principal| HttpResponse::Ok().finish();
        let typed = async |_: Caller<String>| HttpResponse::Ok().finish();
        App::new().route("/plain", web::get().to(handler)).route("/typed", web::get().to(typed))
    });
    for path in ["/plain", "/typed", "/plain"] {
        assert_eq!(server.get(path, &[]).await.status, 500);
    }
    let warnings = warnings("extracts the caller");
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].contains("/plain") && warnings[0].contains("Principal"), "{warnings:?}");
}
