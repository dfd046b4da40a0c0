//! What a handler says that its request cost.

use actix_web::{HttpRequest, HttpResponse, Responder};

/// How many permits a request took, for limits with `cost = response`: a value among the response's
/// extensions.
///
/// One permit is taken before the handler runs, the rest after it: a response without this value, and
/// one with zero, costs one. What is charged may be more than is left, and is owed then; more than a
/// whole burst is never owed.
///
/// ```
/// use actix_web::{Responder, get, web};
/// use secure_runtime::{ResponseCost, secure};
///
/// #[secure(rate("1000/h", cost = response))]
/// #[get("/search")]
/// async fn search() -> impl Responder {
///     let (rows, scanned) = (vec!["a row"], 250);
///     ResponseCost(scanned).of(web::Json(rows))
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResponseCost(pub u32);

impl ResponseCost {
    /// The response with its cost.
    pub fn of<R: Responder>(self, response: R) -> Costed<R> {
        Costed { cost: self, response }
    }
}

/// A response with [its cost](ResponseCost).
#[derive(Clone, Debug)]
#[must_use = "a response costs nothing before it is sent"]
pub struct Costed<R> {
    cost: ResponseCost,
    response: R,
}

impl<R: Responder> Responder for Costed<R> {
    type Body = R::Body;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse<Self::Body> {
        let mut response = self.response.respond_to(request);
        response.extensions_mut().insert(self.cost);
        response
    }
}
