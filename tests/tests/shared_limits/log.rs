//! The recorded log, filtered by the prefix of the limits.

pub(crate) use secure_tests::log::record;

/// The number of log lines of a level about the limits with this prefix.
pub(crate) fn logged(prefix: &str, level: &str) -> usize {
    let lines = secure_tests::log::lines();
    lines.iter().filter(|line| line.starts_with(level) && line.contains(prefix)).count()
}
