//! Rules about source files: short enough to be read, and each says what it is for.

use std::process::Command;

use crate::root;

const MOST_LINES: usize = 400;

/// Folders of programs that are input of a test: their text is the test's business.
const FIXTURES: [&str; 2] = ["ui", "expansion"];

/// Every source file of the repository, or what is wrong with them.
pub(super) fn check() -> Result<(), Vec<String>> {
    let files = files().map_err(|reason| vec![reason])?;
    let problems: Vec<String> = files
        .iter()
        .filter(|file| !file.split('/').any(|folder| FIXTURES.contains(&folder)))
        .flat_map(|file| match std::fs::read_to_string(root().join(file)) {
            Ok(text) => problems(file, &text),
            Err(error) => vec![format!("{file}: cannot be read: {error}")],
        })
        .collect();
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

fn problems(file: &str, text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    let lines = text.lines().count();
    if lines > MOST_LINES {
        problems.push(format!("{file}: {lines} lines, at most {MOST_LINES} are allowed"));
    }
    if !text.starts_with("//! ") {
        problems.push(format!("{file}: does not open with a `//!` line that says what it is for"));
    }
    problems
}

/// Files that git knows, and those that it would know after `git add`.
pub(super) fn files() -> Result<Vec<String>, String> {
    let output = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard", "--", "*.rs"])
        .current_dir(root())
        .output()
        .map_err(|error| format!("git cannot be started: {error}"))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).trim().into());
    }
    let listed = String::from_utf8_lossy(&output.stdout);
    let present = listed.lines().filter(|file| root().join(file).is_file());
    Ok(present.map(Into::into).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_file_and_a_file_without_purpose_are_problems() {
        assert!(problems("a.rs", "//! What it is for.\n").is_empty());
        assert_eq!(problems("a.rs", "fn main() {}\n").len(), 1);
        assert_eq!(problems("a.rs", &format!("//! x\n{}", "\n".repeat(MOST_LINES - 1))).len(), 0);
        assert_eq!(problems("a.rs", &format!("//! x\n{}", "\n".repeat(MOST_LINES))).len(), 1);
    }
}
