//! The context of the application's expressions: the caller and the request.

use actix_web::{Error, HttpRequest};

use crate::denial::Denial;
use crate::principal::Principal;

/// The variables of the application's expressions, besides the handler's arguments.
#[derive(Debug)]
pub struct Asked<'a> {
    caller: Option<&'a Principal>,
    request: &'a HttpRequest,
}

impl<'a> Asked<'a> {
    pub(crate) fn new(caller: Option<&'a Principal>, request: &'a HttpRequest) -> Self {
        Self { caller, request }
    }

    /// The caller.
    ///
    /// # Errors
    ///
    /// There is no caller. The attribute uses this function only where there is one.
    pub fn caller(&self) -> Result<&Principal, Error> {
        let missing = || Denial::internal("an expression asked for a caller where there is none");
        self.caller.ok_or_else(|| missing().into())
    }

    /// The caller, if there is one (`auth = optional`).
    #[must_use]
    pub fn caller_if_any(&self) -> Option<&Principal> {
        self.caller
    }

    /// The request.
    #[must_use]
    pub fn request(&self) -> &HttpRequest {
        self.request
    }

    /// Unreachable: there is no expression of this number, or its arguments are missing.
    ///
    /// # Errors
    ///
    /// Always.
    pub fn misled(&self) -> Result<Option<bool>, Error> {
        Err(Denial::internal("a rule was asked what it does not say").into())
    }
}
