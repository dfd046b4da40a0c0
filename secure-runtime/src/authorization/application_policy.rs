//! Calls the application's own policy, through its cache.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use super::access_request::{AccessDecision, AccessRequest, IntoAccessDecision};
use super::decision_cache::DecisionCache;

/// A question on its way to an answer.
pub(crate) type Deciding = Pin<Box<dyn Future<Output = Decided>>>;

/// The question, and the answer or why there is none.
pub(crate) struct Decided {
    pub(crate) asked: AccessRequest,
    pub(crate) answer: Result<AccessDecision, String>,
}

/// The function, with its type forgotten.
pub(crate) type DecideFunction = Box<dyn Fn(AccessRequest) -> Deciding + Send + Sync>;

/// What decides about actions.
pub(crate) struct Decider {
    pub(crate) function: DecideFunction,
    /// `None`: it is asked about each request.
    pub(crate) cache: Option<DecisionCache>,
}

/// Forgets the type of a function. The future that it returns lives with one request, on one thread.
pub(crate) fn boxed<F, O>(function: F) -> DecideFunction
where
    F: AsyncFn(&AccessRequest) -> O + Send + Sync + 'static,
    O: IntoAccessDecision + 'static,
{
    let function = Arc::new(function);
    Box::new(move |asked| {
        let function = Arc::clone(&function);
        Box::pin(async move {
            let answer = function(&asked).await.into_access_decision();
            Decided { asked, answer }
        })
    })
}
