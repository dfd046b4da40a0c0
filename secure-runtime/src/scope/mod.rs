//! The deny-by-default scope: a service without a security policy does not compile in it.

mod config;
mod dispatch;
mod lifted_extractor_limits;
pub(crate) mod mounted;
mod next;
mod policed;
mod public_service;
mod redirect;
mod resource;
mod routes;

use std::rc::Rc;

use actix_web::body::MessageBody;
use actix_web::dev::{
    AppService, HttpServiceFactory, ServiceFactory, ServiceRequest, ServiceResponse, Transform,
};
use actix_web::guard::Guard;
use actix_web::{Error, Handler, HttpRequest};

pub use config::{SecuredConfig, configure};
pub use next::{Next, secured};
pub use policed::{Policed, RouteOf};
pub use public_service::PublicService;
pub use resource::{SecuredResource, resource};
pub use routes::{RouteBuilder, SecuredRoute, ToSecuredHandler, route};

use self::dispatch::Dispatching;
use self::mounted::{KnownPaths, Shape};
use crate::answer::{Answer, Answers};
use crate::denial::Denial;
use crate::handler::{Routed, SecuredOutput};
use lifted_extractor_limits::BodyLimits;

/// A service that enforces a security policy for every request.
///
/// `#[secure(...)]` above a route attribute implements it, and so does [`Scope`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no security policy",
    label = "not a service with `#[secure(...)]` above its route attribute",
    note = "put `#[secure(...)]` above its route attribute; `#[secure(public)]` makes it public on purpose",
    note = "a handler without a route attribute: `.route(\"/path\", secure_runtime::route::get().to(handler))`",
    note = "below the route attribute it cannot see the route, and does not count here: move it above",
    note = "a scope inside is `secure_runtime::scope` too, a resource `secure_runtime::resource`",
    note = "a service of another crate: `service_behind` for files, `redirect`, `public_service!` with a reason"
)]
pub trait SecuredService: HttpServiceFactory + 'static {
    /// Only an expansion creates its value. An `impl` written by hand would claim a policy that
    /// nothing enforces.
    #[doc(hidden)]
    const POLICED: Policed;

    /// The paths that it answers.
    #[doc(hidden)]
    fn shape(&self) -> Shape {
        Self::POLICED.shape()
    }
}

/// Creates a scope that mounts only secured endpoints.
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
pub fn scope(path: &str) -> Scope<impl ScopeFactory<Response = ServiceResponse> + use<>> {
    let dispatching = Dispatching::default();
    Scope {
        inner: actix_web::Scope::new(path).wrap(dispatching.clone()).wrap(BodyLimits),
        prefix: KnownPaths::prefix(path),
        config: SecuredConfig::default(),
        dispatching,
    }
}

/// A scope of secured endpoints; see [`scope`].
#[must_use = "a scope does nothing until it is mounted"]
pub struct Scope<T> {
    inner: actix_web::Scope<T>,
    prefix: KnownPaths,
    config: SecuredConfig,
    dispatching: Dispatching,
}

/// The type parameter of a [`Scope`], for functions that return one.
pub trait ScopeFactory:
    ServiceFactory<ServiceRequest, Config = (), Error = Error, InitError = ()> + 'static
{
}

impl<T> ScopeFactory for T where
    T: ServiceFactory<ServiceRequest, Config = (), Error = Error, InitError = ()> + 'static
{
}

impl<T: ScopeFactory> Scope<T> {
    /// Mounts a secured endpoint, a [`resource()`] or a nested scope.
    pub fn service(mut self, service: impl SecuredService) -> Self {
        self.config.service(service);
        self
    }

    /// Mounts a secured handler that has no route attribute.
    ///
    /// Requests with other methods pass it by, as with `route` of actix-web's scopes. They are
    /// answered with 404 if no other service matches. A [`resource()`] answers them with 405.
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
    pub fn route(mut self, path: &str, route: impl ToSecuredHandler) -> Self {
        self.config.route(path, route);
        self
    }

    /// Adds the routes of a table, which is usually a function of another module.
    ///
    /// ```
    /// mod users {
    ///     use secure_runtime::{SecuredConfig, route, secure};
    ///
    ///     #[secure(roles = "admin")]
    ///     async fn list() -> &'static str {
    ///         "[]"
    ///     }
    ///
    ///     pub fn routes(config: &mut SecuredConfig) {
    ///         config.route("/users", route::get().to(list));
    ///     }
    /// }
    ///
    /// let scope = secure_runtime::scope("/api").configure(users::routes);
    /// # drop(scope);
    /// ```
    pub fn configure(mut self, routes: impl FnOnce(&mut SecuredConfig)) -> Self {
        self.config.configure(routes);
        self
    }

    /// Mounts a service at and below a path, behind the policy of a secured handler. It is usually
    /// used for static files. See [`SecuredConfig::service_behind`].
    pub fn service_behind<G, Args, S, B>(mut self, path: &str, policy: G, service: S) -> Self
    where
        G: Handler<Args>,
        Args: 'static,
        G::Output: SecuredOutput<G>,
        S: ScopeFactory<Response = ServiceResponse<B>>,
        B: MessageBody + 'static,
    {
        self.config.service_behind(path, policy, service);
        self
    }

    /// Redirects requests from one path to another with 307; see [`SecuredConfig::redirect`].
    pub fn redirect(mut self, from: &str, to: impl Into<String>) -> Self {
        self.config.redirect(from, to);
        self
    }

    /// Redirects with 308; see [`SecuredConfig::redirect_permanently`].
    pub fn redirect_permanently(mut self, from: &str, to: impl Into<String>) -> Self {
        self.config.redirect_permanently(from, to);
        self
    }

    /// Answers requests that match nothing in the scope with a secured handler.
    pub fn default_service(mut self, route: impl ToSecuredHandler) -> Self {
        self.config.default_service(route);
        self
    }

    /// Matches only requests that pass this guard.
    pub fn guard(mut self, guard: impl Guard + 'static) -> Self {
        let guard: Rc<dyn Guard> = Rc::new(guard);
        self.prefix.guards.push(Rc::clone(&guard));
        Self { inner: self.inner.guard(guard), ..self }
    }

    /// Puts every endpoint of the scope, and of nested scopes, behind the policy of a secured
    /// handler that takes [`Next`]: authentication, rules, limits. The policy is enforced after
    /// routing, and before the endpoint's own policy. The endpoint's policy can narrow it, but not
    /// widen it.
    ///
    /// The policy does not see the body. Its limits count the requests of all endpoints of the
    /// scope. Keys about responses (`failures`, `refund`, `cost = response`, `concurrency`) apply
    /// to the endpoints' responses. If a scope has several policies, the first one is the
    /// outermost.
    ///
    /// Redirects, [public services](crate::public_service), and the 404 and 405 of paths and
    /// methods without an endpoint have no policy.
    ///
    /// ```
    /// use actix_web::HttpResponse;
    /// use secure_runtime::{Next, route, secure};
    ///
    /// #[secure(roles = "staff", rate = "1000/h")]
    /// async fn for_staff(next: Next) -> HttpResponse {
    ///     next.run().await
    /// }
    ///
    /// #[secure(roles = "accountant")]
    /// async fn invoices() -> &'static str {
    ///     "[]"
    /// }
    ///
    /// // For accountants who are also staff.
    /// let office = secure_runtime::scope("/office")
    ///     .policy(for_staff)
    ///     .route("/invoices", route::get().to(invoices));
    /// # drop(office);
    /// ```
    ///
    /// The policy can be chosen by configuration at startup. The inventory lists it for each
    /// endpoint, after [`mounted`](crate::inventory::Inventory::mounted) has added the routes.
    pub fn policy<G, Args>(mut self, policy: G) -> Self
    where
        G: Handler<Args>,
        Args: 'static,
        G::Output: SecuredOutput<G>,
    {
        let call_with_inner =
            move |incoming, call| next::call_with_inner(&policy, Routed::new(incoming), call);
        self.config.policies.push(Rc::new(call_with_inner));
        self
    }

    /// Adds data for this scope. A [`Security`](crate::Security) here replaces an outer one.
    pub fn app_data<U: 'static>(mut self, data: U) -> Self {
        self.config.app_data(data);
        self
    }

    /// Answers refused requests of this scope with the application's own response. It replaces
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

    /// Wraps the scope in a middleware. It runs before the pipeline. A response that the middleware
    /// creates itself has passed no policy.
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
        let Self { inner, prefix, config, dispatching } = self;
        Scope { inner: inner.wrap(middleware), prefix, config, dispatching }
    }
}

impl<T, B> HttpServiceFactory for Scope<T>
where
    T: ScopeFactory + ServiceFactory<ServiceRequest, Response = ServiceResponse<B>>,
    B: MessageBody + 'static,
{
    fn register(self, config: &mut AppService) {
        let Self { inner, config: mut held, dispatching, .. } = self;
        let inner = inner.configure(|actix| held.add_data(actix));
        dispatching.register(held, inner, config);
    }
}

impl<T, B> SecuredService for Scope<T>
where
    T: ScopeFactory + ServiceFactory<ServiceRequest, Response = ServiceResponse<B>>,
    B: MessageBody + 'static,
{
    const POLICED: Policed = Policed::BY_THE_ATTRIBUTE;

    fn shape(&self) -> Shape {
        let held = self.config.children.iter().map(|child| child.shape.clone());
        Shape::Scope(self.prefix.clone(), held.collect())
    }
}

crate::support::opaque_debug!(Scope<<T>>);
