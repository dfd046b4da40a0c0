//! A secured scope responds like actix-web's own for any number of endpoints: around the number from which it is
//! indexed, around those at which the chunks of its map are full, nested, and with more than a thousand.

use std::collections::BTreeSet;
use std::fmt::Write;

use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::Method;
use actix_web::{App, Error, HttpRequest, test as in_process, web};
use secure_runtime::{resource, route, secure};

async fn bare(request: HttpRequest) -> String {
    let mut text = format!("{:?} {:?}", request.match_name(), request.match_pattern());
    for (name, value) in request.match_info().iter() {
        write!(text, " {name}={value:?}").unwrap();
    }
    let map = request.resource_map();
    for path in [request.path(), "/api", "/api/", "/api/r0/x", "/api/in/s15/x", "/api/nothing"] {
        let name = map.match_name(path);
        write!(text, " {:?} {name:?} {:?}", map.has_resource(path), map.match_pattern(path))
            .unwrap();
    }
    for name in ["first", "last", "inner", "missing"] {
        let url = request.url_for(name, ["x"]).map(|url| url.to_string()).ok();
        write!(text, " {url:?}").unwrap();
    }
    text
}

#[secure(public)]
async fn secured(request: HttpRequest) -> String {
    bare(request).await
}

fn name(number: usize, count: usize) -> Option<&'static str> {
    match number {
        0 => Some("first"),
        _ if number + 1 == count => Some("last"),
        _ => None,
    }
}

/// `inner` of the `count` services are in a nested scope, which is in the middle.
macro_rules! scope {
    ($scope:path, $resource:path, $route:path, $handler:ident, $count:expr, $inner:expr) => {{
        let mut scope = $scope("/api");
        for number in 0..$count {
            let one = $resource(&format!("/r{number}/{{id}}")).route($route().to($handler));
            let one = match name(number, $count) {
                Some(name) => one.name(name),
                None => one,
            };
            scope = scope.service(one);
            if number == $count / 2 && $inner > 0 {
                let mut within = $scope("/in");
                for number in 0..$inner {
                    let path = format!("/s{number}/{{id}}");
                    within = within.service(
                        $resource(&path)
                            .name(if number == 0 { "inner" } else { "other" })
                            .to($handler),
                    );
                }
                scope = scope.service(within.default_service($route().to($handler)));
            }
        }
        scope.default_service($route().to($handler))
    }};
}

async fn answer<S>(app: &S, method: Method, path: &str) -> (u16, String)
where
    S: Service<actix_http::Request, Response = ServiceResponse, Error = Error>,
{
    let request = in_process::TestRequest::with_uri(path).method(method);
    let response = in_process::call_service(app, request.to_request()).await;
    let status = response.status().as_u16();
    (status, String::from_utf8(in_process::read_body(response).await.to_vec()).unwrap())
}

fn plain(path: &str) -> actix_web::Resource {
    web::resource(path)
}

async fn compare(count: usize, inner: usize) {
    let (builder, ..) = crate::security(module_path!());
    let ours = scope!(secure_runtime::scope, resource, route::get, secured, count, inner);
    let theirs = scope!(web::scope, plain, web::get, bare, count, inner);
    let ours = App::new().app_data(builder.build().unwrap()).service(ours);
    let ours = in_process::init_service(ours).await;
    let theirs = in_process::init_service(App::new().service(theirs)).await;
    let root = count.isqrt();
    let edges = [0, 1, root, root + 1, count / 2, count].into_iter();
    let near = edges.flat_map(|it| [it.saturating_sub(1), it, it + 1]);
    let mut paths: BTreeSet<String> = near.map(|number| format!("/api/r{number}/x")).collect();
    paths.extend([0, 15, 16, 17, inner].map(|number| format!("/api/in/s{number}/x")));
    paths
        .extend(["/api", "/api/", "/api/in", "/api/in/x", "/api/r0", "/api//x"].map(str::to_owned));
    for path in paths {
        for method in [Method::GET, Method::POST] {
            let ours = answer(&ours, method.clone(), &path).await;
            let theirs = answer(&theirs, method.clone(), &path).await;
            assert_eq!(ours, theirs, "{count} with {inner}: {method} {path}");
        }
    }
}

#[actix_web::test]
async fn of_few_and_of_full_chunks() {
    for count in 14..=43 {
        compare(count, 0).await;
    }
    for count in [48, 49, 50, 56, 57] {
        compare(count, 0).await;
    }
}

#[actix_web::test]
async fn of_scopes_within() {
    for count in [2, 14, 15, 16, 24, 25] {
        for inner in [3, 15, 16, 17, 24, 25, 26] {
            compare(count, inner).await;
        }
    }
}

#[actix_web::test]
async fn of_more_than_a_thousand() {
    for (count, inner) in [(1023, 0), (1024, 1024), (1025, 16), (1056, 0), (1057, 0)] {
        compare(count, inner).await;
    }
}
