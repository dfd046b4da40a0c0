//! The deny-by-default scope: what is mounted in it has a security policy, or does not compile.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{
    AppService, HttpServiceFactory, ServiceFactory, ServiceRequest, ServiceResponse, Transform,
};
use actix_web::guard::Guard;
use actix_web::{Error, FromRequest, Handler, HttpRequest, HttpResponse, Responder, Route};

use crate::answer::{Answer, Answers};
use crate::body_limits::BodyLimits;
use crate::denial::Denial;
use crate::handler::SecuredOutput;

/// A service whose every request passes a security policy.
///
/// `#[secure(...)]` above a route attribute implements it; so do [`Scope`]s.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no security policy",
    label = "this handler is not annotated with `#[secure(...)]`",
    note = "put `#[secure(...)]` above its route attribute; `#[secure(public)]` makes it public on purpose",
    note = "below the route attribute it cannot see the route, and does not count here: move it above",
    note = "a scope inside is `secure_runtime::scope` too; in place of a `web::resource` stands `.route(path, secure_runtime::route::get().to(handler))`"
)]
pub trait SecuredService: HttpServiceFactory + 'static {
    /// Only an expansion names its value: written by hand, an `impl` claims what nothing enforces.
    #[doc(hidden)]
    const POLICED: crate::__private::Policed;
}

/// The response of a secured handler; only the pipeline makes one.
#[derive(Debug)]
pub struct SecuredResponse(HttpResponse);

impl SecuredResponse {
    pub(crate) fn new(response: HttpResponse) -> Self {
        Self(response)
    }

    pub(crate) fn map(self, change: impl FnOnce(HttpResponse) -> HttpResponse) -> Self {
        Self(change(self.0))
    }
}

impl Responder for SecuredResponse {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        self.0
    }
}

/// Starts a scope that mounts secured endpoints only.
///
/// ```standalone_crate
/// use actix_web::{App, get};
/// use secure_runtime::{Security, secure};
///
/// #[secure(public)]
/// #[get("/health")]
/// async fn health() -> &'static str {
///     "ok"
/// }
///
/// let app = App::new()
///     .app_data(Security::builder().build()?)
///     .service(secure_runtime::scope("/api").service(health));
/// # drop(app);
/// # Ok::<(), secure_runtime::LaunchError>(())
/// ```
///
/// A handler without `#[secure(...)]` does not compile:
///
/// ```compile_fail,E0277
/// use actix_web::get;
///
/// #[get("/open")]
/// async fn open() -> &'static str {
///     "who may read this?"
/// }
///
/// secure_runtime::scope("/api").service(open);
/// ```
pub fn scope(path: &str) -> Scope<impl ScopeFactory<Response = ServiceResponse>> {
    Scope(actix_web::Scope::new(path).wrap(BodyLimits))
}

/// A scope of secured endpoints; see [`scope`].
#[must_use = "a scope does nothing until it is mounted"]
pub struct Scope<T>(actix_web::Scope<T>);

/// What a [`Scope`] is generic over, for functions that take one; see [`Scope::configure`].
pub trait ScopeFactory:
    ServiceFactory<ServiceRequest, Config = (), Error = Error, InitError = ()> + 'static
{
}

impl<T> ScopeFactory for T where
    T: ServiceFactory<ServiceRequest, Config = (), Error = Error, InitError = ()> + 'static
{
}

impl<T: ScopeFactory> Scope<T> {
    /// Mounts a secured endpoint or a nested scope.
    pub fn service(self, service: impl SecuredService) -> Self {
        Self(self.0.service(service))
    }

    /// Mounts a secured handler that has no route attribute.
    ///
    /// ```
    /// use secure_runtime::{route, secure};
    ///
    /// #[secure(public)]
    /// async fn health() -> &'static str {
    ///     "ok"
    /// }
    ///
    /// let scope = secure_runtime::scope("/api").route("/health", route::get().to(health));
    /// # drop(scope);
    /// ```
    pub fn route(self, path: &str, route: impl ToSecuredHandler) -> Self {
        Self(self.0.route(path, route.into_route()))
    }

    /// Adds what another module mounts: a function that takes the scope and returns it.
    ///
    /// ```
    /// mod users {
    ///     use secure_runtime::{Scope, ScopeFactory, route, secure};
    ///
    ///     #[secure(roles = "admin")]
    ///     async fn list() -> &'static str {
    ///         "[]"
    ///     }
    ///
    ///     pub fn mount<T: ScopeFactory>(scope: Scope<T>) -> Scope<T> {
    ///         scope.route("/users", route::get().to(list))
    ///     }
    /// }
    ///
    /// let scope = secure_runtime::scope("/api").configure(users::mount);
    /// # drop(scope);
    /// ```
    pub fn configure<U>(self, configure: impl FnOnce(Self) -> Scope<U>) -> Scope<U> {
        configure(self)
    }

    /// Answers requests that nothing in the scope matches with a secured handler.
    pub fn default_service(self, route: impl ToSecuredHandler) -> Self {
        Self(self.0.default_service(route.into_route()))
    }

    /// Matches only requests that pass this guard.
    pub fn guard(self, guard: impl Guard + 'static) -> Self {
        Self(self.0.guard(guard))
    }

    /// Adds data for this scope; a [`Security`](crate::Security) here takes the place of an outer one.
    pub fn app_data<U: 'static>(self, data: U) -> Self {
        Self(self.0.app_data(data))
    }

    /// Answers refused requests of this scope with the application's own response, in place of
    /// [`SecurityBuilder::answer`](crate::SecurityBuilder::answer).
    ///
    /// ```
    /// use secure_runtime::answer::{Answer, is_page_request, login_redirect};
    /// use secure_runtime::{route, secure};
    ///
    /// #[secure]
    /// async fn account() -> &'static str {
    ///     "account"
    /// }
    ///
    /// let pages = secure_runtime::scope("/pages")
    ///     .answer(|denial, request| match denial.kind().status() {
    ///         401 if is_page_request(request) => Answer::from(login_redirect(request, "/login")),
    ///         _ => Answer::standard(),
    ///     })
    ///     .route("/account", route::get().to(account));
    /// # drop(pages);
    /// ```
    pub fn answer<A: Into<Answer>>(
        self,
        hook: impl Fn(&Denial, &HttpRequest) -> A + Send + Sync + 'static,
    ) -> Self {
        self.app_data(Answers::new(hook))
    }

    /// Wraps the scope in a middleware. It runs before the pipeline, and what it answers itself
    /// has passed no policy.
    pub fn wrap<M, B>(
        self,
        middleware: M,
    ) -> Scope<impl ScopeFactory<Response = ServiceResponse<B>>>
    where
        M: Transform<
                T::Service,
                ServiceRequest,
                Response = ServiceResponse<B>,
                Error = Error,
                InitError = (),
            > + 'static,
        B: MessageBody + 'static,
    {
        Scope(self.0.wrap(middleware))
    }
}

impl<T, B> HttpServiceFactory for Scope<T>
where
    T: ScopeFactory + ServiceFactory<ServiceRequest, Response = ServiceResponse<B>>,
    B: MessageBody + 'static,
{
    fn register(self, config: &mut AppService) {
        self.0.register(config);
    }
}

impl<T, B> SecuredService for Scope<T>
where
    T: ScopeFactory + ServiceFactory<ServiceRequest, Response = ServiceResponse<B>>,
    B: MessageBody + 'static,
{
    const POLICED: crate::__private::Policed = crate::__private::Policed::BY_THE_ATTRIBUTE;
}

/// A route to a secured handler, for [`Scope::route`].
#[must_use = "a route does nothing until it is mounted"]
pub struct SecuredRoute(Route);

/// A route that leads to a secured handler, as only a [`SecuredRoute`] does.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not lead to a secured handler",
    label = "expected a route of `secure_runtime::route`",
    note = "`secure_runtime::route::get().to(handler)`, in place of `web::get().to(handler)`"
)]
pub trait ToSecuredHandler: sealed::Sealed {}

impl ToSecuredHandler for SecuredRoute {}

mod sealed {
    pub trait Sealed {
        fn into_route(self) -> actix_web::Route;
    }

    impl Sealed for super::SecuredRoute {
        fn into_route(self) -> actix_web::Route {
            self.0
        }
    }
}

/// A route that has no handler yet.
#[must_use = "a route does nothing without a handler"]
pub struct RouteBuilder(Route);

impl RouteBuilder {
    /// Matches only requests that pass this guard.
    pub fn guard(self, guard: impl Guard + 'static) -> Self {
        Self(self.0.guard(guard))
    }

    /// Sets the handler: a function annotated with `#[secure(...)]`. A closure that calls one is refused,
    /// because its own code would run before the policy.
    pub fn to<F, Args>(self, handler: F) -> SecuredRoute
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: SecuredOutput<F> + 'static,
    {
        SecuredRoute(self.0.to(handler))
    }
}

/// Routes to secured handlers that have no route attribute.
pub mod route {
    use super::{RouteBuilder, SecuredRoute};

    macro_rules! methods {
        ($($name:ident $method:literal),*) => {$(
            #[doc = concat!("A route for `", $method, "` requests.")]
            pub fn $name() -> RouteBuilder {
                RouteBuilder(actix_web::web::$name())
            }
        )*};
    }

    methods!(get "GET", post "POST", put "PUT", patch "PATCH", delete "DELETE", head "HEAD");

    /// A route for requests of any method.
    pub fn any() -> RouteBuilder {
        RouteBuilder(actix_web::web::route())
    }

    /// A route that answers 404 in the form of all refusals, for the
    /// [`default_service`](super::Scope::default_service) of a scope; see
    /// [`not_found`](crate::not_found()).
    pub fn not_found() -> SecuredRoute {
        SecuredRoute(actix_web::web::to(crate::not_found))
    }

    /// A route for requests of this method.
    pub fn method(method: actix_web::http::Method) -> RouteBuilder {
        RouteBuilder(actix_web::web::method(method))
    }
}
