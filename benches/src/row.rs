//! One row of the results: two figures to compare.

use serde::Serialize;

/// A measured figure of ours and of the peer; printed as one line of JSON, which `cargo xtask bench`
/// collects.
#[derive(Debug, Serialize)]
pub struct Row<'a> {
    /// `topic/figure`.
    pub name: &'a str,
    /// The unit of the figures.
    pub unit: &'a str,
    /// Our figure.
    pub ours: f64,
    /// The peer's figure.
    pub peer: f64,
    /// The name of the peer.
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
