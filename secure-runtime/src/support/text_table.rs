//! Text tables: aligned columns.

use std::fmt;

/// Wraps cells that are wider than these bounds at spaces, and splits them at line ends. A longer word stays
/// whole.
pub(crate) fn wrapped<const COLUMNS: usize>(
    lines: &[[String; COLUMNS]],
    bounds: [usize; COLUMNS],
) -> Vec<[String; COLUMNS]> {
    let mut wrapped = Vec::new();
    for line in lines {
        let mut bounds = bounds.into_iter();
        let cells = line.each_ref().map(|cell| broken(cell, bounds.next().unwrap_or(usize::MAX)));
        let height = cells.iter().map(Vec::len).max().unwrap_or_default();
        for row in 0..height {
            wrapped.push(cells.each_ref().map(|cell| cell.get(row).cloned().unwrap_or_default()));
        }
    }
    wrapped
}

fn broken(cell: &str, bound: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for line in cell.lines() {
        let mut words = line.split(' ');
        let mut current = words.next().unwrap_or_default().to_owned();
        for word in words {
            if current.chars().count() + 1 + word.chars().count() > bound {
                lines.push(std::mem::replace(&mut current, word.to_owned()));
            } else {
                current.push(' ');
                current += word;
            }
        }
        lines.push(current);
    }
    lines
}

/// Writes rows in columns that are as wide as their widest cell.
pub(crate) fn write<const COLUMNS: usize>(
    formatter: &mut fmt::Formatter<'_>,
    lines: &[[String; COLUMNS]],
) -> fmt::Result {
    let mut widths = [0; COLUMNS];
    for line in lines {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = cell.chars().count().max(*width);
        }
    }
    for line in lines {
        let cells: Vec<String> =
            line.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        writeln!(formatter, "{}", cells.join("  ").trim_end())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_broken_at_blanks_and_line_ends() {
        let lines = [["a b c dd".to_owned(), "x".to_owned()], ["1\n2".to_owned(), String::new()]];
        let expected = [["a b", "x"], ["c", ""], ["dd", ""], ["1", ""], ["2", ""]];
        assert_eq!(wrapped(&lines, [3, 3]), expected.map(|line| line.map(str::to_owned)));
    }
}
