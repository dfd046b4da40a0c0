//! What every stage reads: the request, and the plan of its endpoint.

use std::net::IpAddr;

use actix_web::HttpRequest;

use super::limits::keys::Subject;
use super::refused::{Refused, refused};
use crate::denial::DenialKind;
use crate::policy::Endpoint;
use crate::principal::Principal;
use crate::request::RequestHead;
use crate::security::{Plan, Security};
use crate::transport::client_address;

pub(super) struct Gate<'a> {
    pub(super) request: &'a HttpRequest,
    pub(super) security: &'a Security,
    pub(super) plan: &'a Plan,
}

impl<'a> Gate<'a> {
    /// Finds the [`Security`] that answers for the endpoint: the nearest `app_data`.
    #[inline]
    pub(super) fn find(
        request: &'a HttpRequest,
        endpoint: &'static Endpoint,
    ) -> Result<Self, Refused> {
        let Some(security) = request.app_data::<Security>() else {
            return Err(refused(
                DenialKind::Internal,
                "no `Security` is installed: add `.app_data(security.clone())` to the `App`",
            ));
        };
        let Some(plan) = security.plan(endpoint) else {
            return Err(refused(
                DenialKind::Internal,
                "the nearest `Security` does not answer for this endpoint: see `answers_for`",
            ));
        };
        Ok(Self { request, security, plan })
    }

    /// The client's address, found out when a stage asks: most count and decide by the principal.
    pub(super) fn address(&self) -> Option<IpAddr> {
        let peer = self.request.peer_addr().map(|address| address.ip());
        let proxies = self.security.inner().proxies.as_ref();
        client_address(&RequestHead::new(self.request), peer, proxies)
    }

    /// The group of addresses that the client's belongs to.
    pub(super) fn group(&self) -> Option<IpAddr> {
        self.address().map(|address| self.security.inner().address_groups.group(address))
    }

    /// Whose request it is.
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
