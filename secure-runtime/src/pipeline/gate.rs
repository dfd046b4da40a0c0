//! The input of every stage: the request, the [`Security`] that is responsible for it, and the
//! compiled plan of its endpoint.

use std::net::IpAddr;

use actix_web::HttpRequest;
use actix_web::web::Data;

use super::limits::keys::Subject;
use super::refused::{Refused, refused};
use crate::denial::DenialKind;
use crate::plan::Plan;
use crate::policy::Endpoint;
use crate::principal::Principal;
use crate::request::RequestHead;
use crate::security::Security;
use crate::transport::client_address;

pub(super) struct Gate<'a> {
    pub(super) request: &'a HttpRequest,
    pub(super) security: &'a Security,
    pub(super) plan: &'a Plan,
}

#[cold]
fn not_installed(request: &HttpRequest) -> &'static str {
    if request.app_data::<Data<Security>>().is_some() {
        "the `Security` is installed as `web::Data`, expected itself: write `.app_data(security.clone())` \
         in place of `.app_data(web::Data::new(security.clone()))`, or beside it"
    } else {
        "no `Security` is installed: add `.app_data(security.clone())` to the `App`"
    }
}

impl<'a> Gate<'a> {
    /// Finds the [`Security`] that is responsible for the endpoint: the nearest `app_data`.
    #[inline]
    pub(super) fn find(
        request: &'a HttpRequest,
        endpoint: &'static Endpoint,
    ) -> Result<Self, Refused> {
        let Some(security) = request.app_data::<Security>() else {
            return Err(refused(DenialKind::Internal, not_installed(request)));
        };
        let Some(plan) = security.plan(endpoint) else {
            return Err(refused(
                DenialKind::Internal,
                "the nearest `Security` is not responsible for this endpoint: see `answers_for`",
            ));
        };
        Ok(Self { request, security, plan })
    }

    /// The client IP. It is computed on demand, because most limits and rules need only the
    /// principal.
    pub(super) fn address(&self) -> Option<IpAddr> {
        let peer = self.request.peer_addr().map(|address| address.ip());
        let (inner, head) = (self.security.inner(), RequestHead::new(self.request));
        if inner.proxies.is_none() {
            inner.unnamed_proxy.look(&head, peer);
        }
        client_address(&head, peer, inner.proxies.as_ref())
    }

    /// The client IP for the log line of a refused request.
    pub(super) fn address_of_refused(&self) -> Option<IpAddr> {
        let (inner, head) = (self.security.inner(), RequestHead::new(self.request));
        if inner.proxies.is_none() {
            let peer = self.request.peer_addr().map(|address| address.ip());
            inner.unnamed_proxy.look_at_refused(&head, peer);
        }
        self.address()
    }

    /// The address group (such as an IPv6 prefix) of the client IP.
    pub(super) fn group(&self) -> Option<IpAddr> {
        self.address().map(|address| self.security.inner().address_groups.group(address))
    }

    /// The keys by which limits can count this request.
    #[inline]
    pub(super) fn subject<'s>(
        &'s self,
        address: &'s dyn Fn() -> Option<IpAddr>,
        principal: Option<&'s Principal>,
        tier: Option<&'s str>,
    ) -> Subject<'s> {
        let claims = &self.security.inner().claims;
        Subject { address, principal, tier, request: self.request, claims, gate: Some(self) }
    }
}
