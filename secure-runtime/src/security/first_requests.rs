//! What the first requests show of a set-up that works, and not as it was meant: the log says it once.
//!
//! 1. Two [`Security`] values that serve the same endpoint, as where one is built in the closure of
//!    `HttpServer::new`, once for each worker: each counts its limits alone.
//! 2. Endpoints that no route leads to.
//! 3. A proxy that nobody named: all of its clients are one to limits and bans.

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

/// Those that have served a request.
static SERVING: Mutex<Vec<Weak<Inner>>> = Mutex::new(Vec::new());

/// Whether two were found that serve the same endpoint.
static TOLD: AtomicBool = AtomicBool::new(false);

impl Security {
    /// Notes that a request of this endpoint is served.
    #[inline]
    pub(crate) fn note_request(&self, plan: &Plan, request: &HttpRequest) {
        if !plan.has_served.load(Ordering::Relaxed) {
            self.note_first_request(plan);
            self.look_for_unmounted(request);
        }
    }

    /// Looks, at the first request, for endpoints whose path is not among those of the application.
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
        // Dropped once nobody is held off: one of them may be the last.
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

/// Looks for a proxy that the configuration does not name: at the first requests whose address is asked
/// for, and at those that are refused, until one is found.
pub(crate) struct UnnamedProxy {
    /// So many requests are still looked at that are not refused.
    left: AtomicU32,
    is_told: AtomicBool,
}

impl UnnamedProxy {
    const LOOKS: u32 = 256;

    pub(super) fn new() -> Self {
        Self { left: AtomicU32::new(Self::LOOKS), is_told: AtomicBool::new(false) }
    }

    /// Looks at a request whose client's address is asked for.
    #[inline]
    pub(crate) fn look(&self, request: &RequestHead<'_>, peer: Option<IpAddr>) {
        let left = self.left.load(Ordering::Relaxed);
        if left > 0 {
            // Two at once may count as one.
            self.left.store(left - 1, Ordering::Relaxed);
            self.look_at_refused(request, peer);
        }
    }

    /// Looks at a request that is refused.
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
