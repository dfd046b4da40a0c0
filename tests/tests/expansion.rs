//! The data of each endpoint that the attribute registers in the binary matches the attribute.

use actix_web::{HttpResponse, get, post, route, routes, web};
use secure_runtime::__private::policies::{
    Access, Audience, Authenticators, Cost, Partition, Policy, Rule,
};
use secure_runtime::inventory::{Endpoint, endpoints};
use secure_runtime::secure;

#[secure(objects(any, reason = "there are none"))]
#[get("/bare/{id}")]
async fn bare() -> HttpResponse {
    HttpResponse::Ok().finish()
}

#[secure(roles = "admin", scopes = any("a", "b"), permissions = all("c", "d"), auth = any(jwt, "api-key"))]
#[route("/rules", method = "GET", method = "PURGE")]
async fn rules() -> HttpResponse {
    HttpResponse::Ok().finish()
}

#[secure(public(reason = "a demonstration", until = "9999-12-31"), rate(["10/s", "100/15min"], by = address, cost = 2), rate("1000/d", by = endpoint, burst = 50))]
#[routes]
#[get("/one")]
#[post("/two")]
async fn limits() -> HttpResponse {
    HttpResponse::Ok().finish()
}

#[secure(
    auth = optional,
    rate(anonymous = "2/h", authenticated = "1/min"),
    unvalidated(body, reason = "opaque"),
    max_body = "64KiB",
    content_type = "text/plain",
)]
async fn r#final(body: String) -> String {
    body
}

macro_rules! generated {
    ($name:ident, $role:expr, $ty:ty) => {
        #[secure(auth = all(mtls, jwt), roles = $role, validate(order))]
        #[post("/generated")]
        async fn $name(order: $ty) -> HttpResponse {
            let _ = &order;
            HttpResponse::Ok().finish()
        }
    };
}

#[derive(serde::Deserialize, validator::Validate)]
struct NewOrder {}

generated!(generated, "clerk", web::Json<NewOrder>);

#[get("/below")]
#[secure(roles = "auditor")]
async fn below() -> HttpResponse {
    HttpResponse::Ok().finish()
}

#[test]
fn everything_is_registered_once() {
    let mut names: Vec<&str> = endpoints().iter().map(|endpoint| endpoint.name()).collect();
    names.sort_unstable();
    assert_eq!(names, ["bare", "below", "final", "generated", "limits", "rules"]);
    let _ = (r#final, actix_web::App::new().service(below).service(bare).service(rules));
    let _ = actix_web::App::new().service(limits).service(generated);
}

#[test]
fn places_and_routes() {
    let first = endpoint("bare");
    assert_eq!(first.module(), module_path!());
    assert!(first.file().ends_with("expansion.rs") && first.line() == 10, "{first:?}");
    assert_eq!(routes_of(first), ["GET /bare/{id}"]);
    assert_eq!(routes_of(endpoint("rules")), ["GET,PURGE /rules"]);
    assert_eq!(routes_of(endpoint("limits")), ["GET /one", "POST /two"]);
    assert_eq!(routes_of(endpoint("generated")), ["POST /generated"]);
    assert!(routes_of(endpoint("below")).is_empty() && routes_of(endpoint("final")).is_empty());
}

#[test]
fn callers() {
    let any = Authenticators::Any(&["jwt", "api-key"]);
    let all = Authenticators::All(&["mtls", "jwt"]);
    assert_eq!(policy("bare").access, Access::Authenticated(Authenticators::Default));
    assert_eq!(policy("rules").access, Access::Authenticated(any));
    assert_eq!(policy("limits").access, Access::Public);
    assert_eq!(policy("final").access, Access::Optional(Authenticators::Default));
    assert_eq!(policy("generated").access, Access::Authenticated(all));

    let scopes = Rule::Any(&[Rule::Scope("a"), Rule::Scope("b")]);
    let permissions = Rule::All(&[Rule::Permission("c"), Rule::Permission("d")]);
    let Rule::All(found) = policy("rules").rule else { panic!("several rules") };
    assert_eq!(found, [Rule::Role("admin"), scopes, permissions]);
    assert_eq!(policy("below").rule, Rule::Role("auditor"));
    assert_eq!(policy("generated").rule, Rule::Role("clerk"));
    assert_eq!(policy("bare").rule, Rule::All(&[]));
}

#[test]
fn limits_with_their_options() {
    let found = |name: &str| -> Vec<_> {
        let all = policy(name).limits.iter();
        all.map(|limit| {
            let quota = limit.quota;
            let numbers = (quota.permits().get(), quota.window().as_secs());
            (numbers, quota.burst().get(), limit.cost, limit.by, limit.audience)
        })
        .collect()
    };
    let cost = |permits: u32| Cost::Permits(permits.try_into().unwrap());
    assert_eq!(
        found("limits"),
        [
            ((10, 1), 10, cost(2), Partition::Address, Audience::Everyone),
            ((100, 900), 100, cost(2), Partition::Address, Audience::Everyone),
            ((1000, 86_400), 50, cost(1), Partition::Endpoint, Audience::Everyone),
        ]
    );
    assert_eq!(
        found("final"),
        [
            ((2, 3600), 2, cost(1), Partition::Caller, Audience::Anonymous),
            ((1, 60), 1, cost(1), Partition::Caller, Audience::Authenticated),
        ]
    );
}

#[test]
fn bodies() {
    let last = policy("final");
    assert_eq!((last.max_body, last.content_type), (Some(65_536), Some("text/plain")));
    assert_eq!((last.unvalidated[0].parameter, last.unvalidated[0].reason), ("body", "opaque"));
    assert_eq!(policy("generated").validates, ["order"]);
    assert_eq!(policy("bare").max_body, None);
}

#[test]
fn exceptions_with_their_reasons() {
    let exceptions = |name| policy(name).exceptions.iter().map(ToString::to_string);
    assert!(exceptions("limits").eq(["public: a demonstration (until 9999-12-31)"]));
    assert!(exceptions("bare").eq(["objects: there are none"]));
    assert!(exceptions("final").eq([""; 0]));
}

fn endpoint(name: &str) -> &'static Endpoint {
    endpoints().iter().find(|endpoint| endpoint.name() == name).unwrap()
}

fn policy(name: &str) -> &'static Policy {
    secure_runtime::__private::policies::policy(endpoint(name))
}

fn routes_of(endpoint: &Endpoint) -> Vec<String> {
    let routes = endpoint.routes().iter();
    routes.map(|route| format!("{} {}", route.methods().join(","), route.path())).collect()
}
