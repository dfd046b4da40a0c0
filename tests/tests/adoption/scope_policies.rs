//! Policies of scopes, set at run time: they are checked before the policies of the endpoints.

use std::time::Duration;

use actix_web::dev::{ServiceRequest, fn_service};
use actix_web::{App, HttpRequest, HttpResponse, get, web};
use secure_runtime::testing::{self, FakeClock, Issuer};
use secure_runtime::{Denial, DenialKind, Next, Security, resource, route, secure};
use secure_tests::{TestServer, bearer};

#[secure(roles = "staff", rate = "6/h")]
async fn for_staff(next: Next) -> HttpResponse {
    next.run().await
}

#[secure(auth = optional, allow = crate::scope_policies::is_open(request))]
async fn while_open(next: Next) -> HttpResponse {
    next.run().await
}

fn is_open(request: &HttpRequest) -> bool {
    request.headers().get("x-closed").is_none()
}

#[secure]
#[get("/invoices")]
async fn invoices() -> &'static str {
    "[]"
}

#[secure(roles = "accountant", rate = "1/h")]
async fn accounts() -> &'static str {
    "accounts"
}

/// The endpoint's own rule is checked after the policies of the scope.
#[secure(objects = any, allow = **id != 7)]
async fn account(id: web::Path<u32>) -> String {
    id.to_string()
}

#[secure(unvalidated(text, reason = "any text"), max_body = "300KiB")]
async fn note(text: String) -> String {
    text.len().to_string()
}

#[secure]
async fn files(next: Next) -> HttpResponse {
    next.run().await
}

#[secure]
async fn refusing() -> Result<HttpResponse, Denial> {
    Err(Denial::new(DenialKind::Conflict, "as asked for"))
}

/// The caller is the one that the endpoint authenticates.
#[secure(auth = optional)]
async fn stranger(caller: Option<secure_runtime::Principal>) -> String {
    caller.map_or(String::from("nobody"), |caller| caller.subject().to_owned())
}

/// This handler is not mounted.
#[secure]
#[get("/forgotten")]
async fn forgotten() -> &'static str {
    ""
}

struct Bench {
    server: TestServer,
    issuer: Issuer,
    clock: FakeClock,
}

fn office() -> secure_runtime::Scope<
    impl secure_runtime::ScopeFactory<Response = actix_web::dev::ServiceResponse>,
> {
    let service = fn_service(|request: ServiceRequest| async {
        let name = request.match_info().unprocessed().to_owned();
        Ok(request.into_response(HttpResponse::Ok().body(name)))
    });
    secure_runtime::scope("/office")
        .policy(while_open)
        .policy(for_staff)
        .service(invoices)
        .service(resource("/notes").post(note))
        .service_behind("/files", files, service)
        .redirect("/old", "/office/invoices")
        .service(
            secure_runtime::scope("/accounts")
                .route("", route::get().to(accounts))
                .route("/{id}", route::get().to(account)),
        )
        .route("/refusing", route::get().to(refusing))
        .route("/stranger", route::get().to(stranger))
        .default_service(route::not_found())
}

fn app(
    security: Security,
) -> App<
    impl actix_web::dev::ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = actix_web::dev::ServiceResponse,
        Error = actix_web::Error,
        InitError = (),
    >,
> {
    let mut many = secure_runtime::scope("/many").policy(for_staff);
    for number in 0..20 {
        many = many.route(&format!("/{number}"), route::get().to(refusing));
    }
    let open = secure_runtime::scope("/open").service(invoices);
    App::new().app_data(security).service(office()).service(many).service(open)
}

impl Bench {
    fn new() -> Self {
        let (builder, issuer, clock) = crate::security(module_path!());
        let security = builder.build().unwrap();
        let server = TestServer::run(move || app(security.clone()));
        Self { server, issuer, clock }
    }

    fn token(&self, roles: &[&str]) -> String {
        let token = roles.iter().fold(self.issuer.token("ada"), |token, role| token.role(*role));
        bearer(&token.sign())
    }
}

#[actix_web::test]
async fn the_policy_of_a_scope_holds_for_every_endpoint_in_it() {
    let Bench { server, issuer, .. } = &Bench::new();
    let guest = bearer(&issuer.token("guest").role("accountant").sign());
    let paths = [
        "/office/invoices",
        "/office/accounts",
        "/office/accounts/3",
        "/office/files/a",
        "/office/refusing",
        "/many/19",
    ];
    for path in paths {
        server.get(path, &[]).await.problem(401);
        let problem = server.get(path, &[&guest]).await;
        assert_eq!(problem.status, 403, "{path}: {problem:?}");
    }
    server.send("POST", "/office/notes", &[&guest], "text").await.problem(403);
    // Outside the scope, the same endpoint has only its own policy.
    assert_eq!(server.get("/open/invoices", &[&guest]).await.status, 200);
    // A request that matches no endpoint has no policy.
    assert_eq!(server.get("/office/old", &[]).await.status, 307);
    assert_eq!(server.send("DELETE", "/office/notes", &[], "").await.status, 405);
    server.get("/office/nothing", &[]).await.problem(404);
}

#[actix_web::test]
async fn an_endpoint_narrows_the_policy_of_its_scope() {
    let bench = Bench::new();
    let staff = bench.token(&["staff"]);
    let both = bench.token(&["staff", "accountant"]);
    let server = &bench.server;
    assert_eq!(server.get("/office/invoices", &[&staff]).await.body, "[]");
    server.get("/office/accounts", &[&staff]).await.problem(403);
    assert_eq!(server.get("/office/accounts", &[&both]).await.body, "accounts");
    assert_eq!(server.get("/office/accounts/3", &[&staff]).await.body, "3");
    server.get("/office/accounts/7", &[&staff]).await.problem(403);
    server.get("/office/files/a/b", &[&staff, "x-closed: yes"]).await.problem(403);
    // Six an hour for the whole scope; requests that the outer policy refused were not counted.
    assert_eq!(server.get("/office/files/a/b", &[&staff]).await.body, "/a/b");
    server.get("/office/invoices", &[&staff]).await.problem(429);
    bench.clock.advance(Duration::from_secs(1200));
    let staff = bench.token(&["staff"]);
    assert_eq!(server.get("/office/stranger", &[&staff]).await.body, "ada");
    let answer = server.get("/office/refusing", &[&bench.token(&["staff"])]).await;
    answer.problem(409);
}

#[actix_web::test]
async fn limits_of_both_are_told() {
    let bench = Bench::new();
    let both = bench.token(&["staff", "accountant"]);
    let answer = bench.server.get("/office/accounts", &[&both]).await;
    let fields: Vec<&str> = answer
        .headers
        .iter()
        .filter(|(name, _)| name == "ratelimit-policy")
        .map(|(_, value)| &**value)
        .collect();
    assert_eq!(fields.len(), 2, "{answer:?}");
    let answer = bench.server.get("/office/accounts", &[&both]).await;
    answer.problem(429);
    assert!(answer.header("retry-after").is_some(), "{answer:?}");
}

#[actix_web::test]
async fn the_body_is_for_the_endpoint_alone() {
    let bench = Bench::new();
    let (server, staff) = (&bench.server, bench.token(&["staff"]));
    let most = "x".repeat(300 * 1024);
    assert_eq!(server.send("POST", "/office/notes", &[&staff], &most).await.body, "307200");
    server.send("POST", "/office/notes", &[&staff], &format!("{most}x")).await.problem(413);
    // A refusal keeps the connection if the whole body has arrived, and closes it if the body is still arriving.
    let request = |rest: &str| format!("POST /office/notes HTTP/1.1\r\nhost: localhost\r\n{rest}");
    let small = request("content-length: 4\r\n\r\ntext");
    let closing = request("content-length: 4\r\nconnection: close\r\n\r\ntext");
    let answers = server.raw(format!("{small}{closing}")).await;
    assert_eq!(answers.matches("HTTP/1.1 401").count(), 2, "{answers}");
    let answer = server.raw(request("transfer-encoding: chunked\r\n\r\n4\r\ntext\r\n")).await;
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    assert!(answer.to_ascii_lowercase().contains("connection: close"), "{answer}");
}

#[actix_web::test]
async fn the_inventory_tells_the_policies_of_scopes() {
    let (builder, ..) = crate::security(module_path!());
    let security = builder.build().unwrap();
    let routes = testing::mounted_routes(app(security.clone())).await;
    assert_eq!(routes.unsecured(), Vec::<String>::new());
    let inventory = security.inventory().mounted(&routes);
    let row = inventory.rows().iter().find(|row| row.handler.ends_with("::invoices")).unwrap();
    assert_eq!(row.mounted, ["/office/invoices", "/open/invoices"]);
    let module = module_path!();
    let policies =
        ["while_open", "for_staff"].map(|name| format!("/office/invoices: {module}::{name}"));
    assert_eq!(row.scope_policies, policies);
    assert!(inventory.to_string().contains(&policies[1]), "{inventory}");
    let unmounted: Vec<&str> = routes.unmounted().map(|it| it.name()).collect();
    assert!(!unmounted.contains(&"for_staff"), "{unmounted:?}");
    assert!(unmounted.contains(&"forgotten"), "{unmounted:?}");
}
