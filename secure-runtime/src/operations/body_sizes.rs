//! Changes of the largest request body of an endpoint while the program runs.

use super::{LimitChangeError, Limits};
use crate::plan::Plan;

impl Limits {
    /// The largest request body of this handler now, in bytes; `None` if no handler has this path.
    #[must_use]
    pub fn max_body(&self, handler: &str) -> Option<u64> {
        self.plans_of(handler).map(Plan::max_body).next()
    }

    /// Sets the largest request body of this handler. It replaces the one of the attribute until the program
    /// ends. `handler` is its path, `shop::orders::place_order`, as in the [statistics](Self::statistics) and
    /// the inventory. A body that is being read keeps its bound. The change is logged.
    ///
    /// ```standalone_crate
    /// use secure_runtime::Security;
    /// # mod shop {
    /// #     use actix_web::{post, web};
    /// #     use secure_runtime::secure;
    /// #     #[secure(public, rate("100/h", by = address), unvalidated(file, reason = "an example"))]
    /// #     #[post("/files")]
    /// #     async fn store(file: web::Bytes) -> String { file.len().to_string() }
    /// # }
    /// let security = Security::builder().build()?;
    /// let handler = security.inventory().rows()[0].handler.clone(); // `…::shop::store`
    /// security.limits().set_max_body(&handler, 50 * 1024 * 1024)?;
    /// assert_eq!(security.limits().max_body(&handler), Some(52_428_800));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// No handler has this path.
    pub fn set_max_body(&self, handler: &str, bytes: u64) -> Result<(), LimitChangeError> {
        let mut plans = self.plans_of(handler).peekable();
        if plans.peek().is_none() {
            return Err(LimitChangeError::UnknownHandler(handler.to_owned()));
        }
        plans.for_each(|plan| plan.set_max_body(bytes));
        tracing::warn!(handler, bytes, "the largest request body of a handler was changed");
        Ok(())
    }

    fn plans_of(&self, handler: &str) -> impl Iterator<Item = &Plan> {
        self.security.inner().plans.iter().flatten().filter(move |plan| plan.title() == handler)
    }
}
