//! Several instances of a service that share limits.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use actix_web::dev::HttpServiceFactory;
use actix_web::{HttpResponse, web};
use secure_runtime::testing::{FakeClock, Issuer};
use secure_runtime::throttling::{LimitMode, SharedLimits, SharedLimitsBuilder};
use secure_runtime::{ResponseCost, Security, SecurityBuilder};
use secure_tests::{Answer, RedisServer, TestServer, bearer};

use crate::Runs;

/// One instance of a service.
pub(crate) struct Instance {
    pub(crate) security: Security,
    pub(crate) issuer: Issuer,
    pub(crate) server: TestServer,
    pub(crate) runs: Runs,
}

/// A response with its cost.
pub(crate) fn costing(permits: u32) -> HttpResponse {
    let mut response = HttpResponse::Ok().finish();
    response.extensions_mut().insert(ResponseCost(permits));
    response
}

/// Two instances for the endpoints of a module that share limits.
pub(crate) fn two<S: HttpServiceFactory + 'static>(
    redis: &RedisServer,
    module: &str,
    services: fn(web::Data<Runs>) -> S,
) -> [Instance; 2] {
    let prefix = prefix();
    [(); 2].map(|()| Instance::start(module, store(redis, &prefix), services))
}

/// A prefix that no other test uses.
pub(crate) fn prefix() -> String {
    static TAKEN: AtomicUsize = AtomicUsize::new(0);
    format!("test:{}:{}:", std::process::id(), TAKEN.fetch_add(1, Ordering::Relaxed))
}

/// A store for limits that instances share.
pub(crate) fn store(redis: &RedisServer, prefix: &str) -> SharedLimitsBuilder {
    store_at(&redis.url(), prefix)
}

/// The same, by its address.
pub(crate) fn store_at(url: &str, prefix: &str) -> SharedLimitsBuilder {
    // Long enough for a busy machine.
    let patient = SharedLimits::redis(url).deadline(Duration::from_secs(10));
    patient.prefix(prefix).secret("a secret of all instances")
}

impl Instance {
    /// An instance for the endpoints of a module.
    pub(crate) fn start<S: HttpServiceFactory + 'static>(
        module: &str,
        store: SharedLimitsBuilder,
        services: fn(web::Data<Runs>) -> S,
    ) -> Self {
        let builder = Security::builder();
        Self::with(builder, Issuer::hs256(), module, store, services)
    }

    /// An instance that uses the store's clock.
    pub(crate) fn start_at<S: HttpServiceFactory + 'static>(
        clock: &FakeClock,
        module: &str,
        store: SharedLimitsBuilder,
        services: fn(web::Data<Runs>) -> S,
    ) -> Self {
        let builder = Security::builder().clock(clock.clone());
        let issuer = Issuer::hs256().clock(clock.clone());
        Self::with(builder, issuer, module, store.clock(clock.clone()), services)
    }

    /// An instance in which limits are in shadow mode unless they set another mode.
    pub(crate) fn start_observing<S: HttpServiceFactory + 'static>(
        module: &str,
        store: SharedLimitsBuilder,
        services: fn(web::Data<Runs>) -> S,
    ) -> Self {
        let builder = Security::builder().limit_mode(LimitMode::Observe);
        Self::with(builder, Issuer::hs256(), module, store, services)
    }

    pub(crate) fn with<S: HttpServiceFactory + 'static>(
        builder: SecurityBuilder,
        issuer: Issuer,
        module: &str,
        store: SharedLimitsBuilder,
        services: fn(web::Data<Runs>) -> S,
    ) -> Self {
        let security = builder
            .answers_for(module)
            .authenticator("jwt", issuer.jwt())
            .shared_limits(store.build().unwrap())
            .build()
            .unwrap();
        let runs = Runs::default();
        let data = web::Data::new(runs.clone());
        let server = TestServer::start(&security, move || services(data.clone()));
        Self { security, issuer, server, runs }
    }

    /// The response for a subject; asserts that the handler ran exactly if it is 200.
    pub(crate) async fn ask(&self, path: &str, subject: &str) -> Answer {
        let before = self.runs.so_far();
        let token = self.issuer.token(subject).sign();
        let answer = self.server.get(path, &[&bearer(&token)]).await;
        assert_eq!(self.runs.so_far() - before, usize::from(answer.status == 200), "{answer:?}");
        answer
    }

    /// How many requests of a subject are admitted until one is refused.
    pub(crate) async fn admitted(&self, path: &str, subject: &str) -> u32 {
        let mut admitted = 0;
        while self.ask(path, subject).await.status == 200 {
            admitted += 1;
            assert!(admitted < 500, "nobody is refused");
        }
        admitted
    }
}

pub(crate) fn refused(answer: &Answer) {
    answer.problem(429);
    assert!(answer.header("retry-after").is_some(), "{answer:?}");
    assert!(answer.header("ratelimit").is_some_and(|it| it.contains("r=0")), "{answer:?}");
    assert!(answer.header("ratelimit-policy").is_some(), "{answer:?}");
}
