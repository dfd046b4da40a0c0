//! The warning about endpoints that are not mounted: with unusual and with many patterns, without false alarms.

use std::time::{Duration, Instant};

use actix_web::test::{TestRequest, call_service, init_service};
use actix_web::{App, HttpResponse, get, routes, web};
use secure_runtime::{public_service, resource, route, secure};
use secure_tests::log;

#[secure(public)]
async fn plain() -> HttpResponse {
    HttpResponse::Ok().finish()
}

#[secure(public)]
#[get("")]
async fn empty() -> &'static str {
    ""
}

#[secure(public)]
#[get("without/a/slash")]
async fn without_a_slash() -> &'static str {
    ""
}

#[secure(public, objects = any)]
#[get(r#"/quo"ted/{id:[^"\\/]+}/ü/{n:\d{2}}"#)]
async fn quoted() -> &'static str {
    ""
}

#[secure(public, objects = any)]
#[routes]
#[get("/{tail}*")]
#[get("/twice")]
async fn twice() -> &'static str {
    ""
}

#[secure(public, objects = any)]
#[get("/{a}-{b}.{c:[a-z]{1,3}}", name = "odd \"]) } name")]
async fn parts() -> &'static str {
    ""
}

#[secure(public)]
#[get("/nowhere")]
async fn nowhere() -> &'static str {
    ""
}

fn warnings() -> Vec<String> {
    let module = module_path!();
    log::lines()
        .into_iter()
        .filter(|line| line.contains("no route of this application") && line.contains(module))
        .collect()
}

#[actix_web::test]
async fn only_what_is_not_mounted_is_told_and_the_first_request_does_not_wait() {
    log::record();
    let (builder, ..) = crate::security(module_path!());
    let mut scope = secure_runtime::scope("/{tenant:[a-z\"]+}");
    for number in 0..2000 {
        let one =
            resource(&format!("/many/{number}/{{id:\\d+}}")).name(&format!("number {number}"));
        scope = scope.service(one.get(plain));
    }
    let odd = secure_runtime::scope("/odd")
        .service(quoted)
        .service(parts)
        .service(secure_runtime::scope("/deep").service(empty).service(without_a_slash))
        .service(public_service!(
            "odd",
            web::resource(["/x", "/y\n"]).name("]").to(HttpResponse::Ok)
        ))
        .service(public_service!("none", web::resource(Vec::<String>::new()).to(HttpResponse::Ok)))
        .service(twice);
    let last = secure_runtime::scope("/last").route("", route::get().to(plain));
    let app = App::new().app_data(builder.build().unwrap());
    let app = init_service(app.service(odd).service(last).service(scope)).await;
    let begun = Instant::now();
    let answer = call_service(&app, TestRequest::with_uri("/acme/many/7/7").to_request()).await;
    assert_eq!(answer.status(), 200);
    // A second, even in a build without optimizations.
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    let told = warnings();
    assert_eq!(told.len(), 1, "{told:?}");
    let module = module_path!();
    assert!(told[0].contains(&format!("{module}::nowhere")), "{told:?}");
    for name in ["empty", "without_a_slash", "quoted", "twice", "parts", "plain"] {
        assert!(!told[0].contains(&format!("{module}::{name}")), "{told:?}");
    }
}
