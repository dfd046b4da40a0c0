//! Limits that are enforced for a percentage of keys: every process selects the same keys, with limits in memory
//! and with shared ones.

use std::collections::BTreeSet;

use actix_web::dev::HttpServiceFactory;
use actix_web::{HttpResponse, get, web};
use secure_runtime::testing::Issuer;
use secure_runtime::{Principal, Security, secure};
use secure_tests::{RedisServer, TestServer, bearer};
use serde_json::json;

use crate::Runs;
use crate::shared_instances::{prefix, store};

#[secure(rate("1/d", mode = "40%", by = claim("org.id")))]
#[get("/claim")]
async fn by_claim() -> HttpResponse {
    HttpResponse::Ok().finish()
}

#[secure(rate("1/d", mode = "40%", by = key((team(caller), "team"))))]
#[get("/expression")]
async fn by_expression() -> HttpResponse {
    HttpResponse::Ok().finish()
}

#[secure(rate("1/d", mode = "40%", by = (tenant, address)))]
#[get("/combination")]
async fn by_combination() -> HttpResponse {
    HttpResponse::Ok().finish()
}

#[secure(rate("1/d", mode = "40%", by = (key(team(caller)), claim("org.id"), tenant)))]
#[get("/all")]
async fn by_all() -> HttpResponse {
    HttpResponse::Ok().finish()
}

#[secure(rate("1/d", mode = "40%"))]
#[get("/caller")]
async fn by_caller() -> HttpResponse {
    HttpResponse::Ok().finish()
}

/// If an expression fails, the request is not admitted.
#[secure(rate("1/d", mode = "1%", by = key(caller.subject().split_at(64).0)))]
#[get("/panics")]
async fn by_panics(runs: web::Data<Runs>) -> HttpResponse {
    runs.count();
    HttpResponse::Ok().finish()
}

fn team(caller: &Principal) -> String {
    format!("team {}", caller.subject())
}

const PATHS: [&str; 5] = ["/claim", "/expression", "/combination", "/all", "/caller"];

fn services(runs: web::Data<Runs>) -> impl HttpServiceFactory {
    secure_runtime::scope("")
        .app_data(runs)
        .service(by_claim)
        .service(by_expression)
        .service(by_combination)
        .service(by_all)
        .service(by_caller)
        .service(by_panics)
}

struct World {
    security: Security,
    server: TestServer,
    issuer: Issuer,
    runs: Runs,
}

impl World {
    fn new(redis: Option<&RedisServer>) -> Self {
        let issuer = Issuer::hs256();
        let builder = Security::builder().answers_for(module_path!());
        let mut builder = builder.authenticator("jwt", issuer.jwt());
        if let Some(redis) = redis {
            builder = builder.shared_limits(store(redis, &prefix()).build().unwrap());
        }
        let (security, runs) = (builder.build().unwrap(), Runs::default());
        let data = web::Data::new(runs.clone());
        let server = TestServer::start(&security, move || services(data.clone()));
        Self { security, server, issuer, runs }
    }

    /// Which of these callers are refused at their second request.
    async fn refused(&self, path: &str) -> BTreeSet<usize> {
        let mut refused = BTreeSet::new();
        for caller in 0..40 {
            let token = self.issuer.token(format!("caller {caller}"));
            let token = token.claim("org", json!({ "id": format!("org {caller}") }));
            let token = bearer(&token.tenant(format!("tenant {caller}")).sign());
            let headers = [token.as_str()];
            assert_eq!(self.server.get(path, &headers).await.status, 200, "{path}");
            if self.server.get(path, &headers).await.status == 429 {
                refused.insert(caller);
            }
        }
        refused
    }
}

#[actix_web::test]
async fn with_a_store_and_without_every_process_draws_the_same_ones() {
    let redis = RedisServer::shared();
    let (one, other, together) = (World::new(None), World::new(None), World::new(Some(&redis)));
    assert!(together.security.limits().statistics().limits.iter().all(|row| row.is_shared));
    for path in PATHS {
        let drawn = one.refused(path).await;
        assert!((6..=28).contains(&drawn.len()), "40 of 100: {path} {drawn:?}");
        assert_eq!(other.refused(path).await, drawn, "{path}, another process");
        assert_eq!(together.refused(path).await, drawn, "{path}, with a store");
    }
}

#[actix_web::test]
async fn where_nobody_knows_who_it_is_nobody_is_admitted() {
    let world = World::new(None);
    let token = bearer(&world.issuer.token("ada").sign());
    world.server.get("/panics", &[&token]).await.problem(500);
    assert_eq!(world.runs.so_far(), 0);
}
