//! Which routes of an application have a policy, and which endpoints of the program are mounted.

mod path;

use actix_web::body::{BodySize, MessageBody};
use actix_web::dev::{Service, ServiceFactory, ServiceRequest, ServiceResponse, fn_service};
use actix_web::http::{Method, StatusCode};
use actix_web::test::{TestRequest, init_service};
use actix_web::{App, Error, HttpMessage, HttpResponse};

use crate::inventory::route_patterns::Pattern;
use crate::inventory::{METHODS, MountedRoute, MountedRoutes, route_patterns};
use crate::pipeline::probe::{Probe, Reached, VERSION};
use crate::policy::Endpoint;

/// Asks an application which of its routes have a policy, in a test or before a server starts: every path template
/// with every method of HTTP. Secured endpoints answer which they are, and run nothing: no authentication, no limit, no
/// handler.
///
/// **Handlers without a policy are called**, with an empty body and without credentials, since nothing holds them
/// back. In a test, give them a state that may be changed.
///
/// What is found is what these requests reach. A route with a guard beside the method's (a host, a header) is not
/// seen; nor is the default service of the `App`, which is replaced to recognize requests that nothing takes.
/// Where types can say it, [`scope`](crate::scope()) promises more: what has no policy does not compile in it.
///
/// # Panics
///
/// When the application cannot be built, as [`actix_web::test::init_service`] does; and when actix-web's map of
/// resources cannot be read, because the version is not one that this crate knows.
///
/// ```standalone_crate
/// use actix_web::{App, get, web};
/// use secure_runtime::{secure, testing};
///
/// #[secure(roles = "staff")]
/// #[get("/orders")]
/// async fn orders() -> &'static str {
///     "[]"
/// }
///
/// #[get("/forgotten")]
/// async fn forgotten() -> &'static str {
///     "open to everybody"
/// }
///
/// # actix_web::rt::System::new().block_on(async {
/// let app = App::new().service(web::scope("/api").service(orders).service(forgotten));
/// let routes = testing::mounted_routes(app).await;
/// assert_eq!(routes.unsecured(), ["GET /api/forgotten"]);
/// assert_eq!(routes.secured()[0].path(), "/api/orders");
/// assert_eq!(routes.unmounted().count(), 0);
/// # });
/// ```
#[expect(clippy::expect_used, reason = "for tests, and for the start of a program")]
pub async fn mounted_routes<T, B>(app: App<T>) -> MountedRoutes
where
    T: ServiceFactory<
            ServiceRequest,
            Config = (),
            Response = ServiceResponse<B>,
            Error = Error,
            InitError = (),
        > + 'static,
    B: MessageBody,
{
    let app = init_service(app.default_service(fn_service(nothing))).await;
    let anywhere = app.call(probe(Method::TRACE, "/%00").to_request()).await;
    let patterns =
        anywhere.ok().and_then(|it| route_patterns::patterns(it.request().resource_map()));
    let patterns = patterns.expect("a version of actix-web whose map of resources can be read");
    let mut found = MountedRoutes::default();
    for pattern in patterns {
        let Some(path) = path::example(&pattern) else {
            if !pattern.path.contains('\0') {
                found.untried.insert(shown(pattern));
            }
            continue;
        };
        let template = shown(pattern);
        for method in METHODS {
            let request = probe(method.clone(), &path).to_request();
            request.extensions_mut().insert(Probe);
            match Outcome::of(app.call(request).await, &path) {
                Outcome::Secured(Some(endpoint), scope_policies) => {
                    let place = (endpoint.position, template.clone());
                    found.scope_policies.insert(place, scope_policies);
                    found.secured.push(MountedRoute { method, path: template.clone(), endpoint });
                }
                Outcome::Secured(None, _) | Outcome::Nothing => {}
                Outcome::Unsecured => {
                    found.unsecured.entry(template.clone()).or_default().push(method)
                }
                Outcome::NotRouted => {
                    found.untried.insert(template.clone());
                }
            }
        }
    }
    found
}

/// Asserts that every route of an application has a policy; see [`mounted_routes`] for what that can see.
///
/// `except` lists the routes that have none on purpose, as [`MountedRoutes::unsecured`] writes them.
///
/// # Panics
///
/// With a list of the routes that have no policy, of those that could not be tried, and of the exceptions that
/// are none.
///
/// ```standalone_crate
/// use actix_web::{App, get, web};
/// use secure_runtime::{secure, testing};
///
/// #[secure(roles = "staff")]
/// #[get("/orders")]
/// async fn orders() -> &'static str {
///     "[]"
/// }
///
/// # actix_web::rt::System::new().block_on(async {
/// let app = App::new().service(orders).route("/metrics", web::get().to(|| async { "" }));
/// testing::assert_all_routes_secured(app, &["GET /metrics"]).await;
/// # });
/// ```
#[expect(clippy::panic, reason = "an assertion for tests, and for the start of a program")]
pub async fn assert_all_routes_secured<T, B>(app: App<T>, except: &[&str])
where
    T: ServiceFactory<
            ServiceRequest,
            Config = (),
            Response = ServiceResponse<B>,
            Error = Error,
            InitError = (),
        > + 'static,
    B: MessageBody,
{
    let routes = mounted_routes(app).await;
    let unsecured = routes.unsecured();
    let known = |line: &&String| !except.contains(&line.as_str());
    let faults = unsecured.iter().filter(known).map(|line| format!("{line}: has no policy"));
    let untried = routes.untried().map(|line| format!("{line}: could not be tried"));
    let stale = except.iter().filter(|it| !unsecured.iter().any(|line| line == *it));
    let stale = stale.map(|line| format!("{line}: is no exception, it is secured or not mounted"));
    let faults: Vec<String> = faults.chain(untried).chain(stale).collect();
    if !faults.is_empty() {
        panic!("not every route of the application is secured:\n  {}", faults.join("\n  "));
    }
}

/// What came back.
enum Outcome {
    /// The endpoint, and the policies of the scopes around it.
    Secured(Option<&'static Endpoint>, Vec<&'static Endpoint>),
    Unsecured,
    /// No route takes the method.
    Nothing,
    /// A middleware has answered.
    NotRouted,
}

struct NothingHere;

async fn nothing(request: ServiceRequest) -> Result<ServiceResponse, Error> {
    let mut response = HttpResponse::NotFound().finish();
    response.extensions_mut().insert(NothingHere);
    Ok(request.into_response(response))
}

impl Outcome {
    fn of<B: MessageBody>(result: Result<ServiceResponse<B>, Error>, path: &str) -> Self {
        let Ok(answer) = result else { return Self::NotRouted };
        let (request, response) = (answer.request(), answer.response());
        if let Some(reached) = response.extensions().get::<Reached>() {
            return Self::Secured(reached.endpoint, reached.scope_policies.clone());
        }
        let is_nothing = response.extensions().contains::<NothingHere>();
        let is_refused_method = response.status() == StatusCode::METHOD_NOT_ALLOWED
            && matches!(response.body().size(), BodySize::Sized(0) | BodySize::None);
        if is_nothing || is_refused_method {
            return Self::Nothing;
        }
        if path != "/" && request.match_info().unprocessed() == path {
            return Self::NotRouted;
        }
        Self::Unsecured
    }
}

/// A request that secured endpoints answer with their names.
fn probe(method: Method, path: &str) -> TestRequest {
    TestRequest::with_uri(path).method(method).version(VERSION)
}

fn shown(pattern: Pattern) -> String {
    let Pattern { path, is_prefix } = pattern;
    if is_prefix { format!("{path}/**") } else { path }
}
