//! Tables of routes: functions that mount secured services on a scope or on the `App`.

use actix_web::body::MessageBody;
use actix_web::dev::ServiceResponse;
use actix_web::http::StatusCode;
use actix_web::{Handler, HttpRequest, Route, web};

use super::mounted::{Child, KnownPaths, Shape};
use super::routes::ToSecuredHandler;
use super::{ScopeFactory, SecuredService, next, redirect};
use crate::handler::SecuredOutput;
use crate::pipeline::scope_policies::ScopePolicy;

type AddData = Box<dyn FnOnce(&mut web::ServiceConfig)>;

/// The argument of a table of routes: a function for [`Scope::configure`](crate::Scope::configure),
/// or for the `App` with [`configure`]. It accepts only secured services.
///
/// ```
/// use secure_runtime::{SecuredConfig, route, secure};
///
/// #[secure(roles = "staff")]
/// async fn orders() -> &'static str {
///     "[]"
/// }
///
/// fn routes(config: &mut SecuredConfig) {
///     config.route("/orders", route::get().to(orders)).redirect("/", "/api/orders");
/// }
///
/// let scope = secure_runtime::scope("/api").configure(routes);
/// # drop(scope);
/// ```
#[derive(Default)]
pub struct SecuredConfig {
    pub(super) children: Vec<Child>,
    pub(super) default: Option<Route>,
    /// The policies of the scope, from the outermost to the innermost.
    pub(super) policies: Vec<ScopePolicy>,
    data: Vec<AddData>,
}

impl SecuredConfig {
    /// Mounts a secured endpoint, a resource or a scope.
    pub fn service(&mut self, service: impl SecuredService) -> &mut Self {
        self.children.push(Child::new(service));
        self
    }

    /// Mounts a secured handler that has no route attribute.
    pub fn route(&mut self, path: &str, route: impl ToSecuredHandler) -> &mut Self {
        self.children.push(route.secured().at(path));
        self
    }

    /// Adds the routes of another table.
    pub fn configure(&mut self, routes: impl FnOnce(&mut Self)) -> &mut Self {
        routes(self);
        self
    }

    /// Mounts a service at and below a path, behind the policy of a secured handler that takes
    /// [`Next`](crate::Next). Every request for the path passes the whole pipeline before it
    /// reaches the service: authentication, rules, limits.
    ///
    /// The service must not route by itself. `actix_files::Files` fits: write `Files::new("/",
    /// "./reports")`, whose own mount path is ignored here. The service sees the rest of the path
    /// after `path`.
    ///
    /// ```
    /// use actix_web::HttpResponse;
    /// use actix_web::dev::{ServiceRequest, fn_service};
    /// use secure_runtime::{Next, secure};
    ///
    /// #[secure(roles = "staff")]
    /// async fn reports(next: Next) -> HttpResponse {
    ///     next.run().await
    /// }
    ///
    /// let files = fn_service(|request: ServiceRequest| async {
    ///     let name = request.match_info().unprocessed().to_owned();
    ///     Ok(request.into_response(HttpResponse::Ok().body(name)))
    /// });
    /// let scope = secure_runtime::scope("/api").service_behind("/reports", reports, files);
    /// # drop(scope);
    /// ```
    pub fn service_behind<G, Args, S, B>(&mut self, path: &str, policy: G, service: S) -> &mut Self
    where
        G: Handler<Args>,
        Args: 'static,
        G::Output: SecuredOutput<G>,
        S: ScopeFactory<Response = ServiceResponse<B>>,
        B: MessageBody + 'static,
    {
        self.children.push(next::service_behind(path, policy, service));
        self
    }

    /// Redirects requests of any method from one path to another with 307 (RFC 9110 section
    /// 15.4.8), without authentication. `to` is the `Location` of the response, unchanged.
    pub fn redirect(&mut self, from: &str, to: impl Into<String>) -> &mut Self {
        self.redirect_with(from, to, StatusCode::TEMPORARY_REDIRECT)
    }

    /// Redirects with 308, which clients may cache (RFC 9110 section 15.4.9).
    pub fn redirect_permanently(&mut self, from: &str, to: impl Into<String>) -> &mut Self {
        self.redirect_with(from, to, StatusCode::PERMANENT_REDIRECT)
    }

    fn redirect_with(
        &mut self,
        from: &str,
        to: impl Into<String>,
        status: StatusCode,
    ) -> &mut Self {
        let to: String = to.into();
        let answer = move |request: HttpRequest| {
            std::future::ready(redirect::response(&request, &to, status))
        };
        let shape = Shape::resource(KnownPaths::exact(vec![from.to_owned()]));
        self.children.push(Child::of(shape, actix_web::Resource::new(from).to(answer)));
        self
    }

    /// Answers requests that match nothing with a secured handler.
    pub fn default_service(&mut self, route: impl ToSecuredHandler) -> &mut Self {
        self.default = Some(route.into_route());
        self
    }

    /// Adds data for the scope, or for the `App`.
    pub fn app_data<U: 'static>(&mut self, data: U) -> &mut Self {
        self.data.push(Box::new(move |config| {
            config.app_data(data);
        }));
        self
    }

    /// Adds the data, when the scope is registered.
    pub(super) fn add_data(&mut self, config: &mut web::ServiceConfig) {
        for add in std::mem::take(&mut self.data) {
            add(config);
        }
    }

    /// Registers everything with actix-web's own router.
    fn add(mut self, config: &mut web::ServiceConfig) {
        self.add_data(config);
        for child in self.children {
            config.service(child);
        }
        if let Some(default) = self.default {
            config.default_service(default);
        }
    }
}

/// Mounts a table of secured routes on the `App` itself, without a prefix. A service without a
/// policy does not compile in it.
///
/// Two features need a [`scope`](crate::scope()): there, `max_body` replaces the limits of
/// actix-web's own extractors, and an index finds one of many endpoints. The `App` tries one after
/// the other.
///
/// ```standalone_crate
/// use actix_web::{App, get};
/// use secure_runtime::{SecuredConfig, Security, secure};
///
/// #[secure(public)]
/// #[get("/health")]
/// async fn health() -> &'static str {
///     "ok"
/// }
///
/// fn routes(config: &mut SecuredConfig) {
///     config.service(health);
/// }
///
/// let security = Security::builder().build()?;
/// let app = App::new().app_data(security).configure(secure_runtime::configure(routes));
/// # drop(app);
/// # Ok::<(), secure_runtime::LaunchError>(())
/// ```
pub fn configure(routes: impl FnOnce(&mut SecuredConfig)) -> impl FnOnce(&mut web::ServiceConfig) {
    let mut config = SecuredConfig::default();
    routes(&mut config);
    |actix| config.add(actix)
}

crate::support::opaque_debug!(SecuredConfig);
