//! Several secured handlers at one path, one per method.

use std::rc::Rc;

use actix_web::body::MessageBody;
use actix_web::dev::{
    AppService, HttpServiceFactory, ServiceFactory, ServiceRequest, ServiceResponse, Transform,
};
use actix_web::guard::Guard;
use actix_web::{Error, FromRequest, Handler};

use super::mounted::{KnownPaths, Shape};
use super::routes::{ToSecuredHandler, route};
use super::{ScopeFactory, SecuredService};
use crate::handler::SecuredOutput;

/// Creates a resource: several secured handlers at one path, selected by the method of the request,
/// like [`actix_web::web::resource`].
///
/// A method without a route is answered with 405 (RFC 9110 section 15.5.6) and a list of the
/// allowed methods, without authentication. [`SecuredResource::default_service`] replaces that
/// answer with a secured handler.
///
/// ```
/// use secure_runtime::{resource, route, secure};
///
/// #[secure(roles = "staff")]
/// async fn list() -> &'static str {
///     "[]"
/// }
///
/// #[secure(roles = "admin")]
/// async fn clear() -> &'static str {
///     ""
/// }
///
/// let orders = resource("/orders").route(route::get().to(list)).delete(clear);
/// let scope = secure_runtime::scope("/api").service(orders);
/// # drop(scope);
/// ```
pub fn resource(
    path: &str,
) -> SecuredResource<impl ScopeFactory<Response = ServiceResponse> + use<>> {
    let known = KnownPaths::exact(vec![path.to_owned()]);
    SecuredResource { inner: actix_web::Resource::new(path), known }
}

/// Several secured handlers at one path; see [`resource`].
#[must_use = "a resource does nothing until it is mounted"]
pub struct SecuredResource<T> {
    inner: actix_web::Resource<T>,
    known: KnownPaths,
}

macro_rules! methods {
    ($($name:ident $method:literal),*) => {$(
        #[doc = concat!("Adds a secured handler for `", $method, "` requests.")]
        pub fn $name<F, Args>(self, handler: F) -> Self
        where
            F: Handler<Args>,
            Args: FromRequest + 'static,
            F::Output: SecuredOutput<F> + 'static,
        {
            self.route(route::$name().to(handler))
        }
    )*};
}

impl<T: ScopeFactory> SecuredResource<T> {
    /// Adds a route. The first route that matches a request answers it.
    pub fn route(self, route: impl ToSecuredHandler) -> Self {
        Self { inner: self.inner.route(route.into_route()), ..self }
    }

    methods!(get "GET", post "POST", put "PUT", patch "PATCH", delete "DELETE", head "HEAD");

    /// Adds a secured handler for requests of any method.
    pub fn to<F, Args>(self, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: SecuredOutput<F> + 'static,
    {
        self.route(route::any().to(handler))
    }

    /// Answers requests that match no route with a secured handler, instead of 405.
    pub fn default_service(self, route: impl ToSecuredHandler) -> Self {
        Self { inner: self.inner.default_service(route.into_route()), ..self }
    }

    /// Sets the name of the resource, for
    /// [`HttpRequest::url_for`](actix_web::HttpRequest::url_for).
    ///
    /// # Panics
    ///
    /// actix-web panics at startup if the name is empty.
    pub fn name(mut self, name: &str) -> Self {
        self.known.name = Some(name.to_owned());
        Self { inner: self.inner.name(name), ..self }
    }

    /// Matches only requests that pass this guard. Other requests continue with the next service of
    /// the scope.
    pub fn guard(mut self, guard: impl Guard + 'static) -> Self {
        let guard: Rc<dyn Guard> = Rc::new(guard);
        self.known.guards.push(Rc::clone(&guard));
        Self { inner: self.inner.guard(guard), ..self }
    }

    /// Adds data for this resource. A [`Security`](crate::Security) here replaces an outer one.
    pub fn app_data<U: 'static>(self, data: U) -> Self {
        Self { inner: self.inner.app_data(data), ..self }
    }

    /// Wraps the resource in a middleware. It runs before the pipeline. A response that the
    /// middleware creates itself has passed no policy.
    pub fn wrap<M, B>(
        self,
        middleware: M,
    ) -> SecuredResource<impl ScopeFactory<Response = ServiceResponse<B>>>
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
        SecuredResource { inner: self.inner.wrap(middleware), known: self.known }
    }
}

impl<T, B> HttpServiceFactory for SecuredResource<T>
where
    T: ScopeFactory + ServiceFactory<ServiceRequest, Response = ServiceResponse<B>>,
    B: MessageBody + 'static,
{
    fn register(self, config: &mut AppService) {
        self.inner.register(config);
    }
}

impl<T, B> SecuredService for SecuredResource<T>
where
    T: ScopeFactory + ServiceFactory<ServiceRequest, Response = ServiceResponse<B>>,
    B: MessageBody + 'static,
{
    const POLICED: super::Policed = super::Policed::BY_THE_ATTRIBUTE;

    fn shape(&self) -> Shape {
        Shape::resource(self.known.clone())
    }
}

crate::support::opaque_debug!(SecuredResource<<T>>);
