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

/// A figure that could not be measured here.
#[derive(Debug, Serialize)]
struct Missing {
    name: String,
    error: String,
}

/// The rows of one run.
#[derive(Default)]
pub(super) struct Rows {
    measured: Vec<Row>,
    missing: Vec<Missing>,
}

/// How a row is written.
#[derive(Serialize)]
#[serde(untagged)]
enum Written<'a> {
    Measured(&'a Row),
    Missing(&'a Missing),
}

impl Rows {
    /// Takes figures in, or says of each of these names why there is none.
    pub(super) fn add<'a>(
        &mut self,
        names: impl IntoIterator<Item = &'a str>,
        measured: Result<Vec<Row>, Failure>,
    ) {
        match measured {
            Ok(rows) => self.extend(rows),
            Err(error) => {
                let error = error.to_string();
                let missing = |name: &str| Missing { name: name.into(), error: error.clone() };
                self.missing.extend(names.into_iter().map(missing));
            }
        }
    }

    fn extend(&mut self, rows: Vec<Row>) {
        self.measured.extend(rows.into_iter().map(|row| Row {
            ours: rounded(row.ours),
            peer: rounded(row.peer),
            ratio: (row.peer != 0.0).then(|| rounded(row.ours / row.peer)),
            ..row
        }));
    }

    /// Keeps the figures whose names contain this.
    pub(super) fn keep(&mut self, filter: &str) {
        self.measured.retain(|row| row.name.contains(filter));
        self.missing.retain(|row| row.name.contains(filter));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.measured.is_empty() && self.missing.is_empty()
    }

    /// Which figures could not be measured, and why.
    pub(super) fn errors(&self) -> Vec<String> {
        self.missing.iter().map(|it| format!("{}: {}", it.name, it.error)).collect()
    }

    pub(super) fn json(&self) -> Result<String, Failure> {
        let measured = self.measured.iter().map(Written::Measured);
        let all: Vec<_> = measured.chain(self.missing.iter().map(Written::Missing)).collect();
        Ok(serde_json::to_string_pretty(&all)? + "\n")
    }

    pub(super) fn table(&self) -> String {
        let width = self.measured.iter().map(|row| row.name.len()).max().unwrap_or(0);
        let mut table = format!(
            "\n{:width$}  {:>12} {:>12} {:>8}  {:26}  peer\n",
            "", "ours", "peer", "ratio", "unit"
        );
        for Row { name, unit, ours, peer, peer_name, ratio } in &self.measured {
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
        let measured = vec![
            Row::new("a", "ns", (1.0, 3.0), "other"),
            Row::new("b", "ns", (123_456.0, 0.0), "other"),
        ];
        rows.add(["a", "b"], Ok(measured));
        let json: serde_json::Value = serde_json::from_str(&rows.json()?)?;
        assert_eq!(json[0]["ratio"], 0.3333);
        assert_eq!(json[1]["ratio"], serde_json::Value::Null);
        assert_eq!(json[1]["ours"], 123_500.0);
        assert!(rows.table().contains("123500"));
        Ok(())
    }

    #[test]
    fn what_cannot_be_measured_is_a_row_and_loses_no_other() -> Result<(), Failure> {
        let mut rows = Rows::default();
        rows.add(["redis/script_", "redis/leased_"], Err("no redis-server".into()));
        rows.add(["a"], Ok(vec![Row::new("a", "ns", (1.0, 3.0), "other")]));
        let json: serde_json::Value = serde_json::from_str(&rows.json()?)?;
        assert_eq!(json[0]["name"], "a");
        let missing = serde_json::json!({"name": "redis/script_", "error": "no redis-server"});
        assert_eq!(json[1], missing);
        rows.keep("leased");
        assert_eq!(rows.errors(), ["redis/leased_: no redis-server"]);
        Ok(())
    }
}
