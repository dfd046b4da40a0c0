//! Rules of a scope about the response (costs, failures) apply to the responses of its endpoints.

use std::sync::Arc;
use std::time::Duration;

use actix_web::{App, HttpResponse, web};
use futures_util::future::join_all;
use secure_runtime::testing::{FakeClock, Issuer};
use secure_runtime::throttling::Quota;
use secure_runtime::{
    Costed, FailedAuthentication, Next, ResponseCost, SecurityBuilder, TrustedProxies, resource,
    route, secure,
};
use secure_tests::{TestServer, bearer};
use tokio::sync::Semaphore;

#[secure(rate("2/h", refund = 5xx))]
async fn refunding(next: Next) -> HttpResponse {
    next.run().await
}

#[secure(failures = "2/h")]
async fn banning(next: Next) -> HttpResponse {
    next.run().await
}

#[secure(concurrency = 1)]
async fn one_at_once(next: Next) -> HttpResponse {
    next.run().await
}

#[secure(auth = jwt)]
async fn authenticated(next: Next) -> HttpResponse {
    next.run().await
}

#[secure(objects = any)]
async fn answer(status: web::Path<u16>) -> HttpResponse {
    HttpResponse::build(status.into_inner().try_into().unwrap()).finish()
}

#[secure(rate("10/h", cost = response))]
async fn costly() -> Costed<&'static str> {
    ResponseCost(4).of("rows")
}

#[secure]
async fn waiting(gate: web::Data<Semaphore>) -> &'static str {
    drop(gate.acquire().await.unwrap());
    "waited"
}

/// Fails without authentication.
#[secure(public)]
async fn failing() -> HttpResponse {
    HttpResponse::Unauthorized().finish()
}

/// Uses an authenticator of its own.
#[secure(auth = other)]
async fn for_others() -> &'static str {
    "other"
}

struct Bench {
    server: TestServer,
    issuer: Issuer,
    other: Issuer,
    clock: FakeClock,
    gate: Arc<Semaphore>,
}

impl Bench {
    fn new(configure: impl FnOnce(SecurityBuilder) -> SecurityBuilder) -> Self {
        let (builder, issuer, clock) = crate::security(module_path!());
        let other = Issuer::hs256().named("https://other.example").clock(clock.clone());
        let builder = builder.named_authenticator("other", other.jwt().header("x-other"));
        let builder = builder.trusted_proxies(TrustedProxies::new(["127.0.0.1"]).unwrap());
        let security = configure(builder).build().unwrap();
        let gate = Arc::new(Semaphore::new(0));
        let shared = web::Data::from(Arc::clone(&gate));
        let server = TestServer::run(move || {
            let answers = || resource("/{status}").get(answer);
            let refunding = secure_runtime::scope("/refunding").policy(refunding);
            let banning = secure_runtime::scope("/banning").policy(banning);
            let one_at_once = secure_runtime::scope("/one").policy(one_at_once);
            let plain = secure_runtime::scope("/plain").policy(authenticated);
            App::new()
                .app_data(security.clone())
                .app_data(shared.clone())
                .service(refunding.service(answers()))
                .service(banning.service(answers()).route("/of/anybody", route::get().to(failing)))
                .service(one_at_once.route("/waiting", route::get().to(waiting)))
                .service(
                    plain
                        .route("/other", route::get().to(for_others))
                        .route("/costly", route::get().to(costly))
                        .route("/waiting", route::get().to(waiting)),
                )
        });
        Self { server, issuer, other, clock, gate }
    }

    fn ada(&self) -> String {
        bearer(&self.issuer.token("ada").sign())
    }

    async fn statuses<const N: usize>(&self, path: &str, headers: &[&str]) -> [u16; N] {
        let mut statuses = [0; N];
        for status in &mut statuses {
            *status = self.server.get(path, headers).await.status;
        }
        statuses
    }
}

#[actix_web::test]
async fn permits_are_given_back_for_an_answer_of_5xx() {
    let bench = Bench::new(|it| it);
    let ada = &[&*bench.ada()];
    assert_eq!(bench.statuses("/refunding/500", ada).await, [500; 4]);
    assert_eq!(bench.statuses("/refunding/404", ada).await, [404, 404, 429]);
}

#[actix_web::test]
async fn failures_are_those_of_the_endpoints() {
    let bench = Bench::new(|it| it);
    let ada = &[&*bench.ada()];
    assert_eq!(bench.statuses("/banning/200", ada).await, [200; 4]);
    assert_eq!(bench.statuses("/banning/401", ada).await, [401, 401, 429]);
    assert_eq!(bench.statuses("/banning/200", ada).await, [429]);
    bench.clock.advance(Duration::from_secs(2 * 3600));
    assert_eq!(bench.statuses("/banning/200", &[&*bench.ada()]).await, [200]);
}

#[actix_web::test]
async fn failures_are_charged_to_whom_the_policy_has_authenticated() {
    let bench = Bench::new(|it| it);
    let address = "x-forwarded-for: 203.0.113.8";
    let bob = bearer(&bench.issuer.token("bob").sign());
    let ada = [&*bench.ada(), address];
    assert_eq!(bench.statuses("/banning/of/anybody", &ada).await, [401, 401, 429]);
    assert_eq!(bench.statuses("/banning/200", &ada).await, [429]);
    assert_eq!(bench.statuses("/banning/200", &[&*bob, address]).await, [200]);
}

#[actix_web::test]
async fn requests_at_once_are_counted_until_the_endpoint_has_answered() {
    let bench = Bench::new(|it| it);
    let ada = bench.ada();
    let headers = [&*ada];
    // One of the two waits until the other one was refused.
    let ask = async || {
        let answer = bench.server.get("/one/waiting", &headers).await;
        if answer.status == 429 {
            bench.gate.add_permits(8);
        }
        answer.status
    };
    let mut statuses = join_all([ask(), ask()]).await;
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 429]);
    assert_eq!(ask().await, 200);
}

#[actix_web::test]
async fn a_request_takes_one_place_among_all() {
    let bench = Bench::new(|it| it.max_in_flight(3));
    bench.gate.add_permits(8);
    let ada = bench.ada();
    let headers = [&*ada];
    let answers = join_all((0..2).map(|_| bench.server.get("/plain/waiting", &headers))).await;
    assert!(answers.iter().all(|it| it.status == 200), "{answers:?}");
}

#[actix_web::test]
async fn bad_credentials_are_one_failure() {
    let bench = Bench::new(|it| {
        let quota = Quota::per_hour(3.try_into().unwrap());
        it.failed_authentication(FailedAuthentication::Budget(quota))
    });
    let (ada, address) = (bench.ada(), "x-forwarded-for: 203.0.113.7");
    let forged = |issuer: &Issuer, number: usize| issuer.token(format!("{number}")).tampered();
    // Refused by the endpoint, after the policy of the scope.
    for (number, expected) in [401, 401, 401, 429].into_iter().enumerate() {
        let forged = format!("x-other: {}", forged(&bench.other, number));
        assert_eq!(bench.statuses("/plain/other", &[&*ada, &*forged, address]).await, [expected]);
    }
    bench.clock.advance(Duration::from_secs(24 * 3600));
    // Refused by the policy itself.
    for (number, expected) in [401, 401, 401, 429].into_iter().enumerate() {
        let forged = bearer(&forged(&bench.issuer, number));
        assert_eq!(bench.statuses("/plain/other", &[&*forged, address]).await, [expected]);
    }
    bench.clock.advance(Duration::from_secs(48 * 3600));
    let other = format!("x-other: {}", bench.other.token("ada").sign());
    let headers = [&*bench.ada(), &*other, address];
    assert_eq!(bench.statuses("/plain/other", &headers).await, [200; 5]);
}

#[actix_web::test]
async fn a_cost_that_the_response_says_is_that_of_the_endpoint() {
    let bench = Bench::new(|it| it);
    assert_eq!(bench.statuses("/plain/costly", &[&*bench.ada()]).await, [200, 200, 200, 429]);
}
