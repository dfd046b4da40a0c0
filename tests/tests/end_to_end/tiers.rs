//! Limits by tenant and by tier: which callers share a count, and which rate applies to them.

use actix_web::{HttpResponse, get};
use secure_runtime::authentication::{
    Attempt, Authenticator, Capabilities, Challenge, Jwt, Presented,
};
use secure_runtime::testing::{Issuer, Token};
use secure_runtime::{Moment, Principal, RequestHead, Security, secure};
use secure_tests::{TestServer, bearer};

#[secure(rate("2/h", by = tenant))]
#[get("/tenants")]
async fn tenants() -> HttpResponse {
    HttpResponse::Ok().finish()
}

#[secure(rate(tier(pro = "3/h", free = "1/h", team = "2/h")))]
#[get("/tiers")]
async fn tiers() -> HttpResponse {
    HttpResponse::Ok().finish()
}

#[secure(auth = optional, rate(by = tenant, tier(free = "1/h", pro = "2/h")), rate(anonymous = "1/h"))]
#[get("/both")]
async fn both() -> HttpResponse {
    HttpResponse::Ok().finish()
}

fn server() -> (TestServer, Issuer) {
    let (builder, issuer, _) = crate::security(module_path!());
    let security = builder.build().unwrap();
    let server = TestServer::start(&security, || {
        secure_runtime::scope("").service(tenants).service(tiers).service(both)
    });
    (server, issuer)
}

/// How many of four requests are admitted.
async fn admitted(server: &TestServer, path: &str, token: Token<'_>) -> usize {
    let bearer = bearer(&token.sign());
    let mut admitted = 0;
    for _ in 0..4 {
        admitted += usize::from(server.get(path, &[&bearer]).await.status == 200);
    }
    admitted
}

#[actix_web::test]
async fn callers_of_one_tenant_count_together() {
    let (server, issuer) = server();
    let at = |name: &str, tenant: &str| issuer.token(name).tenant(tenant);
    assert_eq!(admitted(&server, "/tenants", at("ada", "acme")).await, 2);
    assert_eq!(admitted(&server, "/tenants", at("grace", "acme")).await, 0);
    assert_eq!(admitted(&server, "/tenants", at("ada", "initech")).await, 2);
}

#[actix_web::test]
async fn a_caller_of_no_tenant_counts_alone_and_is_never_taken_for_a_tenant() {
    let (server, issuer) = server();
    assert_eq!(admitted(&server, "/tenants", issuer.token("acme")).await, 2);
    assert_eq!(admitted(&server, "/tenants", issuer.token("acme").tenant("acme")).await, 2);
    assert_eq!(admitted(&server, "/tenants", issuer.token("acme")).await, 0);
}

#[actix_web::test]
async fn each_tier_has_its_rate_and_whoever_has_none_of_them_the_smallest() {
    let (server, issuer) = server();
    for (tier, expected) in [("pro", 3), ("team", 2), ("free", 1), ("Pro", 1), ("gold", 1)] {
        let token = issuer.token(format!("caller of {tier}")).tier(tier);
        assert_eq!(admitted(&server, "/tiers", token).await, expected, "{tier}");
    }
    assert_eq!(admitted(&server, "/tiers", issuer.token("ada")).await, 1);
    let many = issuer.token("eve").claim("tier", ["pro"].as_slice());
    assert_eq!(admitted(&server, "/tiers", many).await, 0, "a tier is one name");
}

#[actix_web::test]
async fn the_tier_says_how_much_and_the_tenant_who_shares_it() {
    let (server, issuer) = server();
    let at = |name: &str, tenant: &str| issuer.token(name).tenant(tenant).tier("pro");
    assert_eq!(admitted(&server, "/both", at("ada", "acme")).await, 2);
    assert_eq!(admitted(&server, "/both", at("grace", "acme")).await, 0);
    assert_eq!(server.get("/both", &[]).await.status, 200);
    assert_eq!(server.get("/both", &[]).await.status, 429);
}

#[actix_web::test]
async fn a_function_of_the_application_names_tiers_and_goes_before_the_token() {
    let (builder, issuer, _) = crate::security(module_path!());
    let builder = builder.tier(|caller: &Principal| match caller.subject() {
        "nobody" => panic!("the function panics"),
        subject => subject.split_once('/').map(|(tier, _)| tier.to_owned()),
    });
    let server = TestServer::start(&builder.build().unwrap(), || {
        secure_runtime::scope("").service(tenants).service(tiers)
    });
    for (subject, expected) in [("pro/ada", 3), ("team/ada", 2), ("free/ada", 1), ("gold/ada", 1)] {
        assert_eq!(admitted(&server, "/tiers", issuer.token(subject).tier("team")).await, expected);
    }
    assert_eq!(admitted(&server, "/tiers", issuer.token("ada").tier("pro")).await, 3);
    assert_eq!(admitted(&server, "/tiers", issuer.token("grace")).await, 1);
    let nobody = bearer(&issuer.token("nobody").sign());
    server.get("/tiers", &[&nobody]).await.problem(500);
    // The tier is determined only for limits that need it.
    assert_eq!(server.get("/tenants", &[&nobody]).await.status, 200);
}

/// Accepts everybody, and announces this.
struct Names(Capabilities);

impl Authenticator for Names {
    fn challenge(&self) -> Challenge {
        Challenge::new("Names")
    }

    fn presented(&self, _: &RequestHead<'_>) -> Presented<'_> {
        Presented::Connection
    }

    fn authenticate(&self, _: &RequestHead<'_>, _: Moment) -> Attempt {
        Attempt::Accepted(Principal::builder("somebody").build())
    }

    fn capabilities(&self) -> Capabilities {
        self.0.clone()
    }
}

#[test]
fn what_limits_count_by_is_known_of_every_caller() {
    let jwt = || {
        let jwt = Jwt::hs256("0123456789abcdef0123456789abcdef").issuer("https://issuer.example");
        jwt.audience("shop")
    };
    let faults = |security: Result<Security, _>| match security {
        Ok(_) => Vec::new(),
        Err(error) => {
            let error: secure_runtime::LaunchError = error;
            error.faults().map(ToString::to_string).collect()
        }
    };
    let builder = || Security::builder().answers_for(module_path!());
    let found = faults(builder().authenticator("jwt", jwt()).build());
    assert_eq!(found.len(), 4, "{found:#?}");
    let expected = "the limits of `end_to_end::tiers::tenants` depend on the caller's tenant, and the \
                    authenticator `jwt` was not told where it stands: add `.tenant_claim(…)`; an authenticator \
                    of your own announces it with `Capabilities::names_tenants` (";
    assert!(found.iter().any(|fault| fault.starts_with(expected)), "{found:#?}");
    assert!(found.iter().any(|fault| fault.contains("tiers::tiers` depend on the caller's tier,")));

    let named = builder().authenticator("jwt", jwt()).tier(|_| Some("free"));
    let found = faults(named.build());
    assert_eq!(found.len(), 2, "{found:#?}");
    assert!(found.iter().all(|fault| fault.contains("depend on the caller's tenant")));

    let told = || jwt().tenant_claim("tid").tier_claim("plan");
    assert!(faults(builder().authenticator("jwt", told()).build()).is_empty());
    let beside = |announced: Capabilities| {
        let builder = builder().authenticator("jwt", told());
        faults(builder.authenticator("names", Names(announced)).build())
    };
    let found = beside(Capabilities::new());
    assert_eq!(found.len(), 4, "{found:#?}");
    assert!(found.iter().all(|fault| fault.contains("authenticator `names` was not told")));
    assert!(beside(Capabilities::new().names_tenants().names_tiers()).is_empty());
}
