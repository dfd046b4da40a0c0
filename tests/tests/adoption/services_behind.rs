//! Closures and services of other crates, mounted behind the policy of a secured handler.

use std::sync::atomic::{AtomicUsize, Ordering};

use actix_files::Files;
use actix_web::dev::{ServiceRequest, fn_service};
use actix_web::http::StatusCode;
use actix_web::{App, HttpResponse, web};
use secure_runtime::{Denial, DenialKind, Next, Principal, resource, route, secure, secured};
use secure_tests::{TestServer, bearer};

static CALLS: AtomicUsize = AtomicUsize::new(0);

#[secure(roles = "staff", rate = "3/h")]
async fn staff(next: Next) -> HttpResponse {
    let mut response = next.run().await;
    if response.status() == StatusCode::IM_A_TEAPOT {
        *response.status_mut() = StatusCode::CONFLICT;
    }
    response
}

#[secure(roles = "staff", max_body = "8B", unvalidated(next, reason = "the closure reads text"))]
async fn with_a_body(next: Next) -> HttpResponse {
    next.run().await
}

#[secure(roles = "staff")]
async fn without_next() -> &'static str {
    "the handler alone"
}

#[secure(roles = "staff")]
async fn files(next: Next) -> HttpResponse {
    next.run().await
}

fn directory() -> Files {
    Files::new("/", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/adoption"))
}

#[actix_web::test]
async fn closures_run_after_the_whole_policy_of_their_handler() {
    let (builder, issuer, _) = crate::security(module_path!());
    let security = builder.build().unwrap();
    let server = TestServer::run(move || {
        let closure = secured(staff, |id: web::Path<u32>, caller: Principal| async move {
            CALLS.fetch_add(1, Ordering::Relaxed);
            format!("{id} {}", caller.subject())
        });
        let refusing = || async {
            Err::<String, _>(Denial::new(DenialKind::Forbidden, "the closure says no"))
        };
        let scope = secure_runtime::scope("/api")
            .route("/closure/{id}", route::get().to(closure))
            .service(
                resource("/body")
                    .post(secured(with_a_body, |text: String| async move { text }))
                    .put(secured(files, |text: String| async move { format!("[{text}]") })),
            )
            .route("/alone", route::get().to(secured(without_next, || async { "never" })))
            .route("/refusing", route::get().to(secured(files, refusing)))
            .route("/stray", route::get().to(files));
        App::new().app_data(security.clone()).service(scope)
    });
    let alice = bearer(&issuer.token("alice").role("staff").sign());
    let guest = bearer(&issuer.token("guest").sign());
    server.get("/api/closure/7", &[]).await.problem(401);
    server.get("/api/closure/7", &[&guest]).await.problem(403);
    assert_eq!(CALLS.load(Ordering::Relaxed), 0);
    let answer = server.get("/api/closure/7", &[&alice]).await;
    assert_eq!(answer.body, "7 alice");
    assert!(answer.header("ratelimit").is_some(), "{answer:?}");
    // The arguments of the closure are extracted after the policy: errors in them count.
    assert_eq!(server.get("/api/closure/x", &[&alice]).await.status, 404);
    server.get("/api/closure/7", &[&alice]).await;
    server.get("/api/closure/7", &[&alice]).await.problem(429);
    assert_eq!(CALLS.load(Ordering::Relaxed), 2);

    // The body is available only if the attribute allows it, and within its limit.
    assert_eq!(server.send("POST", "/api/body", &[&alice], "12345678").await.body, "12345678");
    server.send("POST", "/api/body", &[&alice], "123456789").await.problem(413);
    assert_eq!(server.send("PUT", "/api/body", &[&alice], "12345678").await.body, "[]");

    assert_eq!(server.get("/api/alone", &[&alice]).await.body, "the handler alone");
    server.get("/api/refusing", &[&alice]).await.problem(403);
    server.get("/api/stray", &[&alice]).await.problem(500);
}

#[actix_web::test]
async fn files_are_served_to_those_who_may_have_them() {
    let (builder, issuer, _) = crate::security(module_path!());
    let security = builder.build().unwrap();
    let teapot = || {
        fn_service(|request: ServiceRequest| async {
            let body = request.match_info().unprocessed().to_owned();
            Ok(request.into_response(HttpResponse::ImATeapot().body(body)))
        })
    };
    let server = TestServer::run(move || {
        let mut scope = secure_runtime::scope("/api")
            .service_behind("/files", files, directory())
            .service_behind("tea", staff, teapot());
        for number in 0..20 {
            scope = scope.route(&format!("/{number}"), route::get().to(without_next));
        }
        let plain = secure_runtime::scope("/plain").service_behind("/files", files, directory());
        App::new().app_data(security.clone()).service(scope).service(plain)
    });
    let alice = bearer(&issuer.token("alice").role("staff").sign());
    let guest = bearer(&issuer.token("guest").sign());
    for scope in ["/api", "/plain"] {
        let path = format!("{scope}/files/main.rs");
        server.get(&path, &[]).await.problem(401);
        server.get(&path, &[&guest]).await.problem(403);
        let answer = server.get(&path, &[&alice]).await;
        assert!(answer.body.starts_with("//! Adoption in existing applications"), "{answer:?}");
        server.get(&format!("{scope}/files/none.rs"), &[]).await.problem(401);
        assert_eq!(server.get(&format!("{scope}/files/none.rs"), &[&alice]).await.status, 404);
        for outside in ["/files/../ui.rs", "/files/%2e%2e/ui.rs", "/files/..%2fui.rs"] {
            let answer = server.get(&format!("{scope}{outside}"), &[&alice]).await;
            assert!(answer.status >= 400, "{outside}: {answer:?}");
        }
        assert_eq!(server.get(&format!("{scope}/filesmain.rs"), &[&alice]).await.status, 404);
    }
    let answer = server.get("/api/tea/pot/1", &[&alice]).await;
    assert_eq!((answer.status, &*answer.body), (409, "/pot/1"));
    server.get("/api/tea", &[]).await.problem(401);
}
