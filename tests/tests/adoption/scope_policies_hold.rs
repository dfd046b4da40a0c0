//! No middleware, handler or client bypasses the policy of a scope, and none of its state leaks.

use std::future::{Ready, ready};
use std::pin::Pin;
use std::rc::Rc;

use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform, always_ready};
use actix_web::{App, Error, HttpMessage, HttpResponse};
use secure_runtime::testing::Issuer;
use secure_runtime::{Next, Principal, resource, route, secure, secured};
use secure_tests::{TestServer, bearer};

#[secure(roles = "staff")]
async fn staff_only(next: Next) -> HttpResponse {
    next.run().await
}

#[secure(roles = "staff", rate = "2/h", concurrency = 1)]
async fn counted(next: Next) -> HttpResponse {
    next.run().await
}

#[secure]
async fn endpoint(caller: Principal) -> String {
    caller.subject().to_owned()
}

#[secure(auth = optional)]
async fn failing() -> HttpResponse {
    HttpResponse::BadGateway().finish()
}

/// What a middleware does with a request before and after the endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    /// Calls the endpoint again after a failure.
    Retries,
    /// Calls the endpoint twice at once.
    Doubles,
    Clears,
}

struct Odd(Manner);

struct OddService<S>(Manner, Rc<S>);

type Answering = Pin<Box<dyn Future<Output = Result<ServiceResponse, Error>>>>;

impl<S> Transform<S, ServiceRequest> for Odd
where
    S: Service<ServiceRequest, Response = ServiceResponse, Error = Error> + 'static,
{
    type Response = ServiceResponse;
    type Error = Error;
    type Transform = OddService<S>;
    type InitError = ();
    type Future = Ready<Result<OddService<S>, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        ready(Ok(OddService(self.0, Rc::new(service))))
    }
}

impl<S> Service<ServiceRequest> for OddService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse, Error = Error> + 'static,
{
    type Response = ServiceResponse;
    type Error = Error;
    type Future = Answering;

    always_ready!();

    fn call(&self, request: ServiceRequest) -> Answering {
        let (manner, service) = (self.0, Rc::clone(&self.1));
        Box::pin(async move {
            if manner == Manner::Clears {
                request.extensions_mut().clear();
                return service.call(request).await;
            }
            let copy = request.request().clone();
            let again = || ServiceRequest::from_request(copy.clone());
            match manner {
                Manner::Clears => service.call(request).await,
                Manner::Retries => {
                    let mut answer = service.call(request).await?;
                    for _ in 0..2 {
                        if answer.status().is_success() {
                            break;
                        }
                        answer = service.call(again()).await?;
                    }
                    Ok(answer)
                }
                Manner::Doubles => {
                    let both = futures_util::join!(service.call(request), service.call(again()));
                    let first = both.0?;
                    if first.status().is_success() { Ok(first) } else { both.1 }
                }
            }
        })
    }
}

fn server() -> (TestServer, Issuer) {
    let (builder, issuer, _) = crate::security(module_path!());
    let security = builder.build().unwrap();
    let server = TestServer::run(move || {
        let mut odd = secure_runtime::scope("/odd").policy(staff_only);
        for (path, manner) in
            [("retries", Manner::Retries), ("doubles", Manner::Doubles), ("clears", Manner::Clears)]
        {
            odd = odd.service(resource(path).get(endpoint).wrap(Odd(manner)));
        }
        let around = secure_runtime::scope("/inner")
            .policy(staff_only)
            .route("", route::get().to(endpoint))
            .route("/failing", route::get().to(failing))
            .wrap(Odd(Manner::Clears));
        let outer = secure_runtime::scope("/outer").policy(staff_only).service(around);
        let counted = secure_runtime::scope("/counted")
            .policy(counted)
            .route("/nested", route::get().to(secured(staff_only, endpoint)))
            .service(resource("/retried").get(failing).wrap(Odd(Manner::Retries)));
        App::new().app_data(security.clone()).service(odd).service(outer).service(counted)
    });
    (server, issuer)
}

#[actix_web::test]
async fn a_middleware_that_calls_an_endpoint_again_calls_it_behind_the_policies() {
    let (server, issuer) = server();
    let staff = bearer(&issuer.token("ada").role("staff").sign());
    let guest = bearer(&issuer.token("guest").sign());
    for path in ["/odd/retries", "/odd/doubles", "/odd/clears", "/outer/inner"] {
        let refused = server.get(path, &[&guest]).await;
        assert!(matches!(refused.status, 403 | 500), "{path}: {refused:?}");
        assert_eq!(server.get(path, &[]).await.status / 100, refused.status / 100, "{path}");
        let answer = server.get(path, &[&staff]).await;
        assert_eq!((answer.status, &*answer.body), (200, "ada"), "{path}");
    }
}

#[actix_web::test]
async fn a_request_passes_a_policy_once_whatever_is_secured_behind_it() {
    let (server, issuer) = server();
    let staff = bearer(&issuer.token("ada").role("staff").sign());
    let guest = bearer(&issuer.token("guest").sign());
    assert_eq!(server.get("/counted/nested", &[&guest]).await.status, 403);
    // A limit of one in flight does not refuse a nested secured handler of the same request.
    assert_eq!(server.get("/counted/nested", &[&staff]).await.body, "ada");
    // A repeated call counts again.
    let answer = server.get("/counted/retried", &[&staff]).await;
    answer.problem(429);
}
