//! One row of the results: two figures to compare.

use serde::Serialize;

/// What was measured, ours and the peer's; printed as one line of JSON, which `cargo xtask bench`
/// collects.
#[derive(Debug, Serialize)]
pub struct Row<'a> {
    /// `topic/figure`.
    pub name: &'a str,
    /// What one unit of the figures is.
    pub unit: &'a str,
    /// Our figure.
    pub ours: f64,
    /// The peer's figure.
    pub peer: f64,
    /// Who the peer is.
    pub peer_name: &'a str,
}

impl Row<'_> {
    /// Prints the row.
    ///
    /// # Errors
    ///
    /// When a figure is not a number.
    pub fn print(&self) -> Result<(), crate::Failure> {
        println!("{}", serde_json::to_string(self)?);
        Ok(())
    }
}
