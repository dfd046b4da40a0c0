//! Named policies.

secure_runtime::policy! {
    /// For endpoints that move money: a low rate limit and small bodies.
    pub(crate) careful = (rate("2/min", by = principal), max_body = "16B");
}
