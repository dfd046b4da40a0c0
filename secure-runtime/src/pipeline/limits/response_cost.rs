//! [`ResponseCost`]: the cost of a request, which the handler adds to its response.

use actix_web::{HttpRequest, HttpResponse, Responder};

/// The number of permits that a request costs, for limits with `cost = response`. It is a value in
/// the response's extensions.
///
/// One permit is taken before the handler runs, the rest after it. A response without this value,
/// or with zero, costs one. The rest is charged even if less is left; the debt is at most one
/// burst.
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
    /// Adds this cost to a response.
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
