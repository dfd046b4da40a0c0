//! A secured scope with many endpoints responds like actix-web's own scope with the same endpoints.

use std::fmt::Write;

use actix_web::dev::{Service, ServiceResponse};
use actix_web::guard::fn_guard;
use actix_web::http::Method;
use actix_web::{App, HttpRequest, get, guard, put, routes, test as in_process, web};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use secure_runtime::{Security, resource, route, secure};

/// The kinds of services in the scope; the number identifies the endpoint.
#[derive(Clone, Debug)]
enum Mounted {
    /// A route of a scope: requests with other methods are passed on.
    Route(String, Method),
    /// A resource: it answers other methods with 405.
    Resource(String, Method),
    /// A resource with a guard of its own.
    Guarded(String),
    Scope(String, Vec<Mounted>),
}

/// The number of an endpoint.
struct Number(usize);

async fn bare(request: HttpRequest) -> String {
    let number = request.app_data::<Number>().map_or(usize::MAX, |number| number.0);
    let mut text = format!("{number}");
    for (name, value) in request.match_info().iter() {
        write!(text, " {name}={value:?}").unwrap();
    }
    let link = request.url_for("named", ["x", "y", "z", "w"]).map(|url| url.to_string());
    let unprocessed = request.match_info().unprocessed();
    write!(text, " {:?} {unprocessed:?} {link:?}", request.match_name()).unwrap();
    write!(text, "|{:?}", request.match_pattern()).unwrap();
    text
}

#[secure(public)]
async fn secured(request: HttpRequest) -> String {
    bare(request).await
}

fn has_header(name: &'static str) -> impl guard::Guard {
    fn_guard(move |context| context.head().headers().contains_key(name))
}

fn secured_scope(
    path: &str,
    mounted: &[Mounted],
    count: &mut usize,
) -> impl secure_runtime::SecuredService + use<> {
    let mut scope = secure_runtime::scope(path);
    for one in mounted {
        *count += 1;
        let number = Number(*count);
        scope = match one {
            Mounted::Route(path, method) => {
                scope.route(path, route::method(method.clone()).to(secured))
            }
            Mounted::Resource(path, method) => {
                let one = resource(path).app_data(number);
                scope.service(one.route(route::method(method.clone()).to(secured)))
            }
            Mounted::Guarded(path) => {
                let one = resource(path).guard(has_header("x-pass")).name("named").app_data(number);
                scope.service(one.to(secured))
            }
            Mounted::Scope(path, inner) => scope.service(boxed_secured(path, inner, count)),
        };
    }
    scope
}

// Nesting scopes recursively would give an infinite type.
fn boxed_secured(
    path: &str,
    mounted: &[Mounted],
    count: &mut usize,
) -> impl secure_runtime::SecuredService + use<> {
    let mut scope = secure_runtime::scope(path);
    for one in mounted {
        *count += 1;
        scope = match one {
            Mounted::Route(path, method) => {
                scope.route(path, route::method(method.clone()).to(secured))
            }
            Mounted::Resource(path, _) | Mounted::Guarded(path) | Mounted::Scope(path, _) => {
                scope.service(resource(path).app_data(Number(*count)).to(secured))
            }
        };
    }
    scope
}

fn bare_scope(
    path: &str,
    mounted: &[Mounted],
    count: &mut usize,
    is_inner: bool,
) -> actix_web::Scope {
    let mut scope = web::scope(path);
    for one in mounted {
        *count += 1;
        let number = Number(*count);
        scope = match one {
            Mounted::Route(path, method) => scope.route(path, web::method(method.clone()).to(bare)),
            Mounted::Scope(path, inner) if !is_inner => {
                scope.service(bare_scope(path, inner, count, true))
            }
            Mounted::Resource(path, _) | Mounted::Guarded(path) | Mounted::Scope(path, _)
                if is_inner =>
            {
                scope.service(web::resource(path).app_data(number).to(bare))
            }
            Mounted::Resource(path, method) => {
                let one = web::resource(path).app_data(number);
                scope.service(one.route(web::method(method.clone()).to(bare)))
            }
            Mounted::Guarded(path) | Mounted::Scope(path, _) => {
                let one = web::resource(path).guard(has_header("x-pass"));
                scope.service(one.name("named").app_data(number).to(bare))
            }
        };
    }
    scope
}

fn segment() -> impl Strategy<Value = String> {
    static TEXTS: [&str; 11] =
        ["a", "b", "c", "", "{x}", "{y}", "v{n}", "{p}.{q}", r"{d:\d+}", "{r:[a-c]+}", "a%20b"];
    select(&TEXTS[..]).prop_map(str::to_owned)
}

fn template() -> impl Strategy<Value = String> {
    let end = select(&["", "", "", "", "/", "/{tail:.*}", "/{rest}*", "/{two:[a-z]/[a-z]}"][..]);
    (vec(segment(), 0..4), end).prop_map(|(segments, end)| {
        let mut names = 0;
        let mut path = String::new();
        for segment in segments {
            // A name may occur only once in a template.
            names += 1;
            path += &format!("/{}", segment.replace('{', &format!("{{n{names}")));
        }
        path + end
    })
}

fn endpoint() -> impl Strategy<Value = Mounted> {
    let method = || select(vec![Method::GET, Method::POST, Method::PUT]);
    prop_oneof![
        6 => (template(), method()).prop_map(|(path, method)| Mounted::Route(path, method)),
        4 => (template(), method()).prop_map(|(path, method)| Mounted::Resource(path, method)),
        1 => template().prop_map(Mounted::Guarded),
    ]
}

fn mounted() -> impl Strategy<Value = Vec<Mounted>> {
    let prefix = select(&["/a", "/b/c", "", "/{x}", "/a/{y}", "c"][..]).prop_map(str::to_owned);
    let inner = prop_oneof![vec(endpoint(), 0..5), vec(endpoint(), 16..24)];
    let scope = (prefix, inner).prop_map(|(path, inner)| Mounted::Scope(path, inner));
    vec(prop_oneof![12 => endpoint(), 1 => scope], 1..90)
}

fn path() -> impl Strategy<Value = String> {
    static TEXTS: [&str; 14] =
        ["a", "b", "c", "", "v1", "v", "a.b", "7", "abc", "a%20b", "a b", "%61", "%2F", "x"];
    let segments = vec(select(&TEXTS[..]), 0..5);
    segments.prop_map(|segments| {
        let path: String =
            segments.iter().map(|segment| format!("/{}", segment.replace(' ', "%20"))).collect();
        format!("/api{path}")
    })
}

/// The status, the `Allow` field and the body.
async fn answer<S>(app: &S, method: &Method, path: &str, passes: bool) -> (u16, String, String)
where
    S: Service<actix_http::Request, Response = ServiceResponse, Error = actix_web::Error>,
{
    let mut request = in_process::TestRequest::with_uri(path).method(method.clone());
    if passes {
        request = request.insert_header(("x-pass", "1"));
    }
    let response = in_process::call_service(app, request.to_request()).await;
    let status = response.status().as_u16();
    let allow = response.headers().get_all("allow").map(|it| it.to_str().unwrap().to_owned());
    let allow = allow.collect::<Vec<_>>().join(", ");
    (status, allow, String::from_utf8(in_process::read_body(response).await.to_vec()).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn the_same_endpoint_answers_with_the_same_match(
        mounted in mounted(),
        requests in vec((path(), select(vec![Method::GET, Method::POST, Method::DELETE]), any::<bool>()), 24),
    ) {
        let (builder, ..) = crate::security(module_path!());
        let security = builder.build().unwrap();
        actix_web::rt::System::new().block_on(async move {
            let ours = secured_scope("/api", &mounted, &mut 0);
            let ours = in_process::init_service(App::new().app_data(security).service(ours)).await;
            let theirs = bare_scope("/api", &mounted, &mut 0, false);
            let theirs = in_process::init_service(App::new().service(theirs)).await;
            for (path, method, passes) in requests {
                let ours = answer(&ours, &method, &path, passes).await;
                let theirs = answer(&theirs, &method, &path, passes).await;
                prop_assert_eq!(ours, theirs, "{} {}", method, path);
            }
            Ok(())
        })?;
    }
}

#[secure(public, objects = any)]
#[get("/things/{id}")]
async fn read_thing(request: HttpRequest) -> String {
    bare(request).await
}

#[secure(public, objects = any, rate("1000/s", by = address))]
#[put("/things/{thing}", name = "change")]
async fn change_thing(request: HttpRequest) -> String {
    bare(request).await
}

#[secure(public, objects = any)]
#[routes]
#[get("/both/{first}")]
#[get("/twice/{second}")]
async fn both(request: HttpRequest) -> String {
    bare(request).await
}

#[actix_web::test]
async fn route_attributes_keep_their_patterns_and_names_in_a_large_scope() {
    let (builder, ..) = crate::security(module_path!());
    let security: Security = builder.build().unwrap();
    let mut inner = secure_runtime::scope("/inner/{outer}");
    let mut scope = secure_runtime::scope("/api");
    for number in 0..100 {
        inner = inner.route(&format!("/other/{number}"), route::get().to(secured));
        scope = scope.route(&format!("/other/{number}/{{id}}"), route::get().to(secured));
    }
    let inner = inner.service(read_thing).service(change_thing).service(both);
    let app = App::new().app_data(security).service(scope.service(inner));
    let app = in_process::init_service(app).await;
    for (method, path, name, pattern) in [
        (Method::GET, "/things/7", "read_thing", "/things/{id}"),
        (Method::PUT, "/things/7", "change", "/things/{thing}"),
        (Method::GET, "/both/7", "both", "/both/{first}"),
        (Method::GET, "/twice/7", "both", "/twice/{second}"),
    ] {
        let (status, _, body) = answer(&app, &method, &format!("/api/inner/o{path}"), false).await;
        assert_eq!(status, 200, "{path}: {body}");
        assert!(body.contains(&format!("Some({name:?})")), "{body}");
        let pattern = format!("|Some({:?})", format!("/api/inner/{{outer}}{pattern}"));
        assert!(body.ends_with(&pattern), "{body}");
    }
    let (status, ..) = answer(&app, &Method::DELETE, "/api/inner/o/things/7", false).await;
    assert_eq!(status, 404);
    let (status, _, body) = answer(&app, &Method::GET, "/api/other/99/x", false).await;
    assert_eq!((status, body.contains(r#"id="x""#)), (200, true), "{body}");
}
