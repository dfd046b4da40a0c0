//! Texts in columns.

use std::fmt;

/// Writes lines in columns as wide as their widest cell.
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
