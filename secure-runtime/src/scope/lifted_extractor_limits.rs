//! Makes `max_body` the only size limit of bodies in a secured scope.
//!
//! actix-web's extractors have limits of their own: 2 MiB for JSON, 256 KiB for bytes and text, 16
//! KiB for forms. actix-multipart has 50 MiB for a whole form. They would refuse bodies that the
//! endpoint allows. So a secured scope lifts the limits that the application has not set. Limits
//! that the application has set stay.

use std::future::{Ready, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

#[cfg(feature = "multipart")]
use actix_multipart::form::MultipartFormConfig;
use actix_web::dev::{
    Extensions, Payload, Service, ServiceRequest, ServiceResponse, Transform, forward_ready,
};
use actix_web::web::{FormConfig, JsonConfig, PayloadConfig};
use actix_web::{Error, HttpMessage};

use crate::pipeline::Lifted;
use crate::request::RequestHead;

/// The middleware of every secured scope.
pub(crate) struct BodyLimits;

pub(crate) struct LiftingLimits<S> {
    service: S,
    /// The lifted limits, indexed by the bits of those that the application has set.
    lifted: [Rc<Extensions>; 16],
}

impl<S, B> Transform<S, ServiceRequest> for BodyLimits
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
{
    type Response = ServiceResponse<B>;
    type Error = Error;
    type Transform = LiftingLimits<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        ready(Ok(LiftingLimits { service, lifted: std::array::from_fn(lifted) }))
    }
}

/// The lifted limits, without those whose bit is set.
fn lifted(set: usize) -> Rc<Extensions> {
    let mut lifted = Extensions::new();
    let is_set = |bit: usize| set & bit != 0;
    lifted.insert(Lifted {
        json: !is_set(JSON),
        bytes: !is_set(BYTES),
        form: !is_set(FORM),
        #[cfg(feature = "multipart")]
        multipart: !is_set(MULTIPART),
    });
    if !is_set(JSON) {
        lifted.insert(JsonConfig::default().limit(usize::MAX));
    }
    if !is_set(BYTES) {
        lifted.insert(PayloadConfig::new(usize::MAX));
    }
    if !is_set(FORM) {
        lifted.insert(FormConfig::default().limit(usize::MAX));
    }
    #[cfg(feature = "multipart")]
    if !is_set(MULTIPART) {
        // The memory limit stays: a large `max_body` is for files.
        lifted.insert(MultipartFormConfig::default().total_limit(usize::MAX));
    }
    Rc::new(lifted)
}

const JSON: usize = 1;
const BYTES: usize = 2;
const FORM: usize = 4;
#[cfg(feature = "multipart")]
const MULTIPART: usize = 8;

impl<S, B> Service<ServiceRequest> for LiftingLimits<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
{
    type Response = ServiceResponse<B>;
    type Error = Error;
    type Future = S::Future;

    forward_ready!(service);

    #[inline]
    fn call(&self, mut request: ServiceRequest) -> S::Future {
        #[cfg(feature = "compression")]
        crate::pipeline::remove_content_encoding(&mut request);
        if has_body(&mut request)
            && let Some(lifted) = self.lifted.get(set_by_the_application(&request))
        {
            // actix-web panics if a middleware around holds a clone of the request. Then the
            // extractors' own limits stay.
            let lift = || request.add_data_container(Rc::clone(lifted));
            let _ = catch_unwind(AssertUnwindSafe(lift));
        }
        self.service.call(request)
    }
}

fn has_body(request: &mut ServiceRequest) -> bool {
    let payload = request.take_payload();
    let has_body = !matches!(payload, Payload::None);
    request.set_payload(payload);
    has_body
}

fn set_by_the_application(request: &ServiceRequest) -> usize {
    fn bit<T: 'static>(request: &ServiceRequest, bit: usize) -> usize {
        let set = RequestHead::new(request.request()).app_data::<T>();
        if set.is_some() { bit } else { 0 }
    }
    let set = bit::<JsonConfig>(request, JSON)
        | bit::<PayloadConfig>(request, BYTES)
        | bit::<FormConfig>(request, FORM);
    #[cfg(feature = "multipart")]
    let set = set | bit::<MultipartFormConfig>(request, MULTIPART);
    set
}
