//! What the application's expressions may ask about: the caller and the request.

use actix_web::{Error, HttpRequest};

use crate::denial::Denial;
use crate::principal::Principal;

/// What the application's expressions have in scope besides the handler's arguments.
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
    /// If there is none: the attribute asks for one only where there is.
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

    /// Never happens: there is no expression of this number, or its arguments are not there.
    ///
    /// # Errors
    ///
    /// Always.
    pub fn misled(&self) -> Result<Option<bool>, Error> {
        Err(Denial::internal("a rule was asked what it does not say").into())
    }
}
