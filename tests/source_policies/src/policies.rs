//! Named policies.

secure_runtime::policy! {
    /// Payments: few requests, small bodies.
    pub(crate) careful = (rate("2/min", by = principal), max_body = "16B");
}
