//! Resources that a request's path names, loaded once for rules and handler: [`Resource`],
//! [`Loaded`], and [`Granted`] with the proof that the rules about it held.

use std::any::TypeId;
use std::fmt;
use std::future::{Future, poll_fn};
use std::ops::{Deref, DerefMut};
use std::pin::{Pin, pin};
use std::task::Context;

use actix_web::dev::Payload;
use actix_web::{Error, FromRequest, HttpRequest, web};
use serde::de::DeserializeOwned;

use crate::denial::{Denial, DenialKind, caught, poll_caught};
use crate::pipeline::{claim_grant, unfit_path};

/// An object that the application can load by a key in the request's head, usually in its path.
///
/// ```
/// use actix_web::{HttpRequest, error::ErrorServiceUnavailable};
/// use secure_runtime::Resource;
///
/// struct Document {
///     owner: String,
/// }
///
/// impl Resource for Document {
///     type Key = u64; // of `/documents/{id}`
///
///     async fn load(id: u64, request: &HttpRequest) -> Result<Option<Self>, actix_web::Error> {
///         let store = request.app_data::<Store>().ok_or_else(|| ErrorServiceUnavailable(""))?;
///         Ok(store.find(id).await)
///     }
/// }
/// # struct Store;
/// # impl Store { async fn find(&self, _: u64) -> Option<Document> { None } }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a resource: it does not define how to load it",
    label = "`secure_runtime::Resource` is not implemented for it"
)]
pub trait Resource: Sized + 'static {
    /// The key, as [`web::Path`] reads it: a value, a tuple, or a struct whose fields have the
    /// names of the path's segments. A value needs a path with exactly one segment, and a tuple
    /// needs all segments. For a resource of several routes, use a struct; it takes the segments
    /// that it names.
    type Key: DeserializeOwned + 'static;

    /// Whether the key is in the path. If so, a route without a segment does not compile. Set it to
    /// `false` if [`key`](Self::key) reads the key from another place.
    const IN_PATH: bool = true;

    /// Reads the key from the request's head. The default reads it from the path.
    ///
    /// It is called before the body is read, like [`load`](Self::load).
    ///
    /// ```
    /// use actix_web::{Error, HttpRequest, error::ErrorBadRequest};
    /// use secure_runtime::Resource;
    ///
    /// struct Stream {
    ///     owner: String,
    /// }
    ///
    /// impl Resource for Stream {
    ///     type Key = String;
    ///
    ///     const IN_PATH: bool = false;
    ///
    ///     // Clients name it in a header.
    ///     fn key(request: &HttpRequest) -> Result<String, Error> {
    ///         let name = request.headers().get("x-stream").and_then(|name| name.to_str().ok());
    ///         name.map(str::to_owned).ok_or_else(|| ErrorBadRequest("`x-stream` is missing"))
    ///     }
    ///
    ///     async fn load(name: String, _: &HttpRequest) -> Result<Option<Self>, Error> {
    ///         Ok((name == "news").then(|| Stream { owner: String::from("ann") }))
    ///     }
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// If the request has no key of this form. The error is the response; a path that does not fit
    /// is answered with 404. With the key `hide`, a client error (4xx) becomes 404.
    fn key(request: &HttpRequest) -> Result<Self::Key, Error> {
        let path = web::Path::<Self::Key>::from_request(request, &mut Payload::None).into_inner();
        path.map(web::Path::into_inner).map_err(unfit_key::<Self>)
    }

    /// Loads the object with this key. `Ok(None)` means that it does not exist, and is answered
    /// with 404.
    ///
    /// # Errors
    ///
    /// If the object cannot be loaded. The error is the response.
    fn load(
        key: Self::Key,
        request: &HttpRequest,
    ) -> impl Future<Output = Result<Option<Self>, Error>>;
}

/// A resource that the request's path names, as a handler's parameter. It is loaded once, after the
/// rules about the caller held and the rate limits admitted the request.
///
/// Rules use the parameter's name: `allow = document.owner == caller.subject()`. A path that names
/// nothing is answered with 404. With the key `hide`, a resource that the rules forbid is answered
/// with 404 as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Loaded<T>(T);

/// A [`Loaded`] resource with the proof that the rules about it held. Only the pipeline creates
/// one, and only for a handler whose rule mentions it.
///
/// A function with such a parameter cannot be called before the rules were checked:
///
/// ```
/// use secure_runtime::{Granted, testing};
/// # struct Document { id: u64 }
///
/// async fn delete(document: Granted<Document>) {
///     let id = document.id;
///     // …
/// }
///
/// // A test creates one without any rule.
/// let document = testing::granted(Document { id: 7 });
/// # let _ = delete(document);
/// ```
///
/// It cannot be cloned or constructed by hand:
///
/// ```compile_fail
/// let forged = secure_runtime::Granted(7);
/// ```
#[derive(PartialEq, Eq)]
pub struct Granted<T>(T);

impl<T> Loaded<T> {
    /// Returns the resource.
    #[must_use]
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> Granted<T> {
    /// Returns the resource, without the proof.
    #[must_use]
    pub fn into_inner(self) -> T {
        self.0
    }
}

/// For [`crate::testing`].
#[cfg(any(test, feature = "testing"))]
pub(crate) fn without_proof<T>(resource: T) -> Granted<T> {
    Granted(resource)
}

/// The resource for rules, before it is granted.
pub fn before_grant<T>(granted: &Granted<T>) -> &T {
    &granted.0
}

impl<T> Deref for Loaded<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for Loaded<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

/// There is no `DerefMut`: a granted resource must not change.
impl<T> Deref for Granted<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: fmt::Debug> fmt::Debug for Granted<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Granted").field(&self.0).finish()
    }
}

type Loading<T> = Pin<Box<dyn Future<Output = Result<T, Error>>>>;

impl<T: Resource> FromRequest for Loaded<T> {
    type Error = Error;
    type Future = Loading<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { load(&request).await.map(Self) })
    }
}

/// Outside of the pipeline, or if no rule mentions the resource, the request is refused with 500.
impl<T: Resource> FromRequest for Granted<T> {
    type Error = Error;
    type Future = Loading<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        if !claim_grant(request, TypeId::of::<T>()) {
            let denial = Denial::internal("`Granted` was extracted without a rule that grants it");
            return Box::pin(std::future::ready(Err(denial.into())));
        }
        let request = request.clone();
        Box::pin(async move { load(&request).await.map(Self) })
    }
}

async fn load<T: Resource>(request: &HttpRequest) -> Result<T, Error> {
    let key = caught("`Resource::key`", || T::key(request))??;
    let missing = || Denial::new(DenialKind::NotFound, "the path names no resource");
    let loading = caught("`Resource::load`", || T::load(key, request))?;
    let mut loading = pin!(loading);
    let polled = |context: &mut Context<'_>| {
        poll_caught("`Resource::load`", || loading.as_mut().poll(context))
    };
    poll_fn(polled).await?.ok_or_else(|| missing().into())
}

/// The log names the resource, because a key type that fits no path of its routes always causes
/// 404.
fn unfit_key<T>(error: Error) -> Error {
    match unfit_path(&error) {
        Some(cause) => {
            let resource = std::any::type_name::<T>();
            let cause = format!("the `Key` of `{resource}` cannot be read: {cause}");
            Denial::new(DenialKind::NotFound, cause).into()
        }
        None => error,
    }
}
