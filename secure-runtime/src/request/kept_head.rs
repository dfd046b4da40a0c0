//! An owned request head, for decisions of the application that take time.

use actix_web::dev::Payload;
use actix_web::{Error, FromRequest, HttpRequest, web};

use super::RequestHead;

/// A request without its body.
pub(crate) struct KeptHead(HttpRequest);

/// Names and values of a path, in the order of its templates.
pub(crate) type Parameters = Vec<(String, String)>;

impl KeptHead {
    pub(crate) fn new(request: &HttpRequest) -> Self {
        Self(request.clone())
    }

    pub(crate) fn head(&self) -> RequestHead<'_> {
        RequestHead::new(&self.0)
    }

    /// The template of the route, with those of the scopes around it.
    pub(crate) fn template(&self) -> Option<String> {
        self.0.match_pattern()
    }

    /// The segments that the path's templates name, decoded as [`web::Path`] decodes them for handlers.
    ///
    /// # Errors
    ///
    /// What [`web::Path`] says of a path that cannot be read.
    pub(crate) fn parameters(&self) -> Result<Parameters, Error> {
        let segments = self.0.match_info();
        if segments.is_empty() {
            return Ok(Parameters::new());
        }
        let values = web::Path::<Vec<String>>::from_request(&self.0, &mut Payload::None);
        let values = values.into_inner()?.into_inner();
        let names = segments.iter().map(|(name, _)| name.to_owned());
        Ok(names.zip(values).collect())
    }
}
