//! A warning for applications whose own body limits (`JsonConfig`, `PayloadConfig`, …) differ from
//! `max_body`.

use std::sync::atomic::Ordering;

#[cfg(feature = "multipart")]
use actix_multipart::form::MultipartFormConfig;
use actix_web::web::{FormConfig, JsonConfig, PayloadConfig};

use crate::pipeline::gate::Gate;
use crate::request::RequestHead;

/// Which limits the scope lifted for a request; stored next to them.
pub(crate) struct Lifted {
    pub(crate) json: bool,
    pub(crate) bytes: bool,
    pub(crate) form: bool,
    #[cfg(feature = "multipart")]
    pub(crate) multipart: bool,
}

/// Checks once whether the application has set limits of its own for an endpoint without
/// `max_body`. An application that is migrated expects that they hold.
#[cold]
pub(super) fn compare(gate: &Gate<'_>) {
    let plan = gate.plan;
    if plan.has_compared_sizes.swap(true, Ordering::Relaxed)
        || plan.endpoint.policy.max_body.is_some()
    {
        return;
    }
    let is_set =
        |is_lifted: fn(&Lifted) -> bool, is_there: bool| match gate.request.app_data::<Lifted>() {
            Some(lifted) => !is_lifted(lifted),
            None => is_there,
        };
    let configs = [
        ("PayloadConfig", is_set(|it| it.bytes, is_there::<PayloadConfig>(gate))),
        ("JsonConfig", is_set(|it| it.json, is_there::<JsonConfig>(gate))),
        ("FormConfig", is_set(|it| it.form, is_there::<FormConfig>(gate))),
        #[cfg(feature = "multipart")]
        ("MultipartFormConfig", is_set(|it| it.multipart, is_there::<MultipartFormConfig>(gate))),
    ];
    let set: Vec<&str> =
        configs.iter().filter(|(_, is_set)| *is_set).map(|(name, _)| *name).collect();
    if set.is_empty() {
        return;
    }
    tracing::warn!(
        handler = plan.endpoint.full_name(),
        max_body = plan.max_body(),
        set = set.join(", "),
        "the application sets body limits of its own, and the handler has the default `max_body`: the \
         smaller limit applies; write `max_body = \"…\"` on the handler to set its limit"
    );
}

fn is_there<T: 'static>(gate: &Gate<'_>) -> bool {
    RequestHead::new(gate.request).app_data::<T>().is_some()
}
