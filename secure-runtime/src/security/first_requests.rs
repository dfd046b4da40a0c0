//! Warnings at the first requests about a set-up that works but is probably not meant. Each is logged once.
//!
//! 1. Two [`Security`] values serve the same endpoint, for example because one is built in the closure of
//!    `HttpServer::new`, once for each worker. Each counts its limits separately.
//! 2. An endpoint has no route.
//! 3. A proxy is in use that is not configured. Limits and bans then treat all its clients as one.

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use actix_web::HttpRequest;

use crate::inventory::route_patterns;
use crate::inventory::route_patterns::{Pattern, with_slash};
use crate::plan::Plan;
use crate::request::RequestHead;
use crate::security::{Inner, Security};
use crate::transport::unnamed_proxy;

/// The `Security` values that have served a request.
static SERVING: Mutex<Vec<Weak<Inner>>> = Mutex::new(Vec::new());

/// Whether the warning about two of them was logged.
static TOLD: AtomicBool = AtomicBool::new(false);

impl Security {
    /// Records that a request of this endpoint is served.
    #[inline]
    pub(crate) fn note_request(&self, plan: &Plan, request: &HttpRequest) {
        if !plan.has_served.load(Ordering::Relaxed) {
            self.note_first_request(plan);
            self.look_for_unmounted(request);
        }
    }

    /// At the first request: looks for endpoints whose path is not among the routes of the application.
    #[cold]
    fn look_for_unmounted(&self, request: &HttpRequest) {
        if self.0.has_looked_for_unmounted.swap(true, Ordering::Relaxed) {
            return;
        }
        let Some(patterns) = route_patterns::patterns(request.resource_map()) else { return };
        let mut ends = HashSet::new();
        for Pattern { path, .. } in &patterns {
            ends.extend(path.match_indices('/').filter_map(|(place, _)| path.get(place..)));
        }
        let is_mounted = |path: &str| path.is_empty() || ends.contains(&*with_slash(path));
        let endpoints = self.0.plans.iter().flatten().map(|plan| plan.endpoint);
        let unmounted: Vec<String> = endpoints
            .filter(|it| !it.routes.is_empty() && !it.routes.iter().any(|it| is_mounted(it.path)))
            .map(|it| format!("{}::{} ({}:{})", it.module, it.name, it.file, it.line))
            .collect();
        if !patterns.is_empty() && !unmounted.is_empty() {
            tracing::warn!(
                unmounted = unmounted.join(", "),
                "no route of this application leads to these endpoints: mount them, as by \
                 `.service(handler)`. What another application of the program mounts is listed as well, and \
                 what its configuration leaves out"
            );
        }
    }

    #[cold]
    fn note_first_request(&self, plan: &Plan) {
        if plan.has_served.swap(true, Ordering::Relaxed) {
            return;
        }
        let mut serving = SERVING.lock().unwrap_or_else(PoisonError::into_inner);
        serving.retain(|it| it.strong_count() > 0);
        // Dropped after the lock is released: one of them may be the last reference.
        let all: Vec<Arc<Inner>> = serving.iter().filter_map(Weak::upgrade).collect();
        let (own, others): (Vec<_>, Vec<_>) =
            all.into_iter().partition(|it| Arc::ptr_eq(it, &self.0));
        if own.is_empty() {
            serving.push(Arc::downgrade(&self.0));
        }
        drop(serving);
        let serves = |it: &Arc<Inner>| {
            let plan = it.plans.get(plan.endpoint.position).and_then(Option::as_ref);
            plan.is_some_and(|plan| plan.has_served.load(Ordering::Relaxed))
        };
        if others.iter().any(serves) && !TOLD.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                handler = plan.title(),
                "two `Security` values serve this endpoint, and each counts its limits and failures \
                 alone: build one before `HttpServer::new`, and clone it in the closure \
                 (`.app_data(security.clone())`)"
            );
        }
    }
}

/// Looks for a proxy that is not configured: at the first requests that need the client IP, and at refused
/// requests, until one is found.
pub(crate) struct UnnamedProxy {
    /// How many more requests are examined that are not refused.
    left: AtomicU32,
    is_told: AtomicBool,
}

impl UnnamedProxy {
    const LOOKS: u32 = 256;

    pub(super) fn new() -> Self {
        Self { left: AtomicU32::new(Self::LOOKS), is_told: AtomicBool::new(false) }
    }

    /// Examines a request whose client IP is needed.
    #[inline]
    pub(crate) fn look(&self, request: &RequestHead<'_>, peer: Option<IpAddr>) {
        let left = self.left.load(Ordering::Relaxed);
        if left > 0 {
            // Two requests at the same time may count as one.
            self.left.store(left - 1, Ordering::Relaxed);
            self.look_at_refused(request, peer);
        }
    }

    /// Examines a request that is refused.
    #[cold]
    pub(crate) fn look_at_refused(&self, request: &RequestHead<'_>, peer: Option<IpAddr>) {
        if self.is_told.load(Ordering::Relaxed) {
            return;
        }
        let Some(header) = unnamed_proxy(request, peer) else { return };
        self.left.store(0, Ordering::Relaxed);
        if !self.is_told.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                header,
                peer = peer.map(tracing::field::display),
                "a private address sends a forwarding header, and no trusted proxies are configured: \
                 limits and bans by address take the proxy for the client. Name it: \
                 `.trusted_proxies(TrustedProxies::new([\"10.0.0.0/8\"])?)`; an empty list says that \
                 there is none"
            );
        }
    }
}
