//! Named policies.

secure_runtime::policy! {
    /// What moves money is slow, and small.
    pub(crate) careful = (rate("2/min", by = principal), max_body = "16B");
}
