//! The recorded log, filtered by the prefix of the limits.

pub(crate) use secure_tests::log::record;

/// How many lines of a level were logged about the limits with a prefix.
pub(crate) fn logged(prefix: &str, level: &str) -> usize {
    let lines = secure_tests::log::lines();
    lines.iter().filter(|line| line.starts_with(level) && line.contains(prefix)).count()
}
