//! Rows of figures, as a table for people and as JSON for programs.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::Failure;

/// Two figures side by side.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Row {
    pub(super) name: String,
    pub(super) unit: String,
    pub(super) ours: f64,
    pub(super) peer: f64,
    pub(super) peer_name: String,
    /// Ours ÷ peer, filled in when the row is kept. Null where the peer's figure is zero.
    #[serde(default)]
    ratio: Option<f64>,
}

impl Row {
    pub(super) fn new(name: &str, unit: &str, (ours, peer): (f64, f64), peer_name: &str) -> Self {
        Self {
            name: name.into(),
            unit: unit.into(),
            ours,
            peer,
            peer_name: peer_name.into(),
            ratio: None,
        }
    }

    /// Reads one row a line.
    pub(super) fn read_all(lines: &str) -> Result<Vec<Self>, Failure> {
        Ok(lines.lines().map(serde_json::from_str).collect::<Result<_, _>>()?)
    }
}

/// The rows of one run.
#[derive(Default)]
pub(super) struct Rows(Vec<Row>);

impl Rows {
    pub(super) fn extend(&mut self, rows: Vec<Row>) {
        self.0.extend(rows.into_iter().map(|row| Row {
            ours: rounded(row.ours),
            peer: rounded(row.peer),
            ratio: (row.peer != 0.0).then(|| rounded(row.ours / row.peer)),
            ..row
        }));
    }

    pub(super) fn keep(&mut self, wanted: impl Fn(&Row) -> bool) {
        self.0.retain(wanted);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn json(&self) -> Result<String, Failure> {
        Ok(serde_json::to_string_pretty(&self.0)? + "\n")
    }

    pub(super) fn table(&self) -> String {
        let width = self.0.iter().map(|row| row.name.len()).max().unwrap_or(0);
        let mut table = format!(
            "\n{:width$}  {:>12} {:>12} {:>8}  {:26}  peer\n",
            "", "ours", "peer", "ratio", "unit"
        );
        for Row { name, unit, ours, peer, peer_name, ratio } in &self.0 {
            let ratio = ratio.map_or("-".into(), |ratio| ratio.to_string());
            // Writing to a `String` cannot fail.
            let _ = writeln!(
                table,
                "{name:width$}  {ours:>12} {peer:>12} {ratio:>8}  {unit:26}  {peer_name}"
            );
        }
        table
    }
}

/// Four significant digits: the rest is noise.
fn rounded(figure: f64) -> f64 {
    format!("{figure:.3e}").parse().unwrap_or(figure)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_is_ours_by_the_peers() -> Result<(), Failure> {
        let mut rows = Rows::default();
        rows.extend(vec![
            Row::new("a", "ns", (1.0, 3.0), "other"),
            Row::new("b", "ns", (123_456.0, 0.0), "other"),
        ]);
        let json: serde_json::Value = serde_json::from_str(&rows.json()?)?;
        assert_eq!(json[0]["ratio"], 0.3333);
        assert_eq!(json[1]["ratio"], serde_json::Value::Null);
        assert_eq!(json[1]["ours"], 123_500.0);
        assert!(rows.table().contains("123500"));
        Ok(())
    }
}
