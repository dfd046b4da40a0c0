//! Patterns for source files: `src/routes/admin/**`.
//!
//! 1. A pattern is a path from the directory of the `secure.toml`, with `/` between its parts.
//! 2. `*` matches any characters within one part. `**` must be a whole part, and matches any number
//!    of parts.
//! 3. A pattern that ends in `/**` also matches the file of the module: `src/admin/**` matches
//!    `src/admin.rs`, where the module `admin` may begin.

/// A well-formed pattern.
#[derive(Debug)]
pub(crate) struct Pattern {
    text: String,
    parts: Vec<String>,
}

impl Pattern {
    /// Parses a pattern.
    ///
    /// # Errors
    ///
    /// Returns the rule that it breaks.
    pub(crate) fn new(text: &str) -> Result<Self, &'static str> {
        let parts: Vec<String> = text.split('/').map(str::to_owned).collect();
        if text.contains('\\') {
            return Err("separate the parts by `/`");
        }
        for part in &parts {
            match part.as_str() {
                "" => return Err("a part is empty"),
                "." | ".." => return Err("patterns start at the directory of the `secure.toml`"),
                "**" => {}
                part if part.contains("**") => return Err("`**` must be a whole part"),
                _ => {}
            }
        }
        Ok(Self { text: text.to_owned(), parts })
    }

    /// The pattern as written.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The leading parts without wildcards, except the last part.
    pub(crate) fn beginning(&self) -> impl Iterator<Item = &str> {
        let folders = self.parts.split_last().map_or(&[][..], |(_, folders)| folders);
        folders.iter().map(String::as_str).take_while(|part| !part.contains('*'))
    }

    /// Whether it matches a file, by the parts of its path.
    pub(crate) fn matches(&self, path: &[&str]) -> bool {
        let parts: Vec<&str> = self.parts.iter().map(String::as_str).collect();
        if all(&parts, path) {
            return true;
        }
        let (Some((&"**", module)), Some((file, folders))) =
            (parts.split_last(), path.split_last())
        else {
            return false;
        };
        let Some(name) = file.strip_suffix(".rs") else { return false };
        let of_the_module: Vec<&str> = folders.iter().copied().chain([name]).collect();
        !module.is_empty() && all(module, &of_the_module)
    }
}

fn all(pattern: &[&str], path: &[&str]) -> bool {
    match (pattern.split_first(), path.split_first()) {
        (None, None) => true,
        (Some((&"**", rest)), first) => {
            all(rest, path) || first.is_some_and(|(_, behind)| all(pattern, behind))
        }
        (Some((part, rest)), Some((name, behind))) => {
            one(part.as_bytes(), name.as_bytes()) && all(rest, behind)
        }
        _ => false,
    }
}

fn one(pattern: &[u8], name: &[u8]) -> bool {
    match (pattern.split_first(), name.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), first) => {
            one(rest, name) || first.is_some_and(|(_, behind)| one(pattern, behind))
        }
        (Some((expected, rest)), Some((found, behind))) => expected == found && one(rest, behind),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, matched: &[&str], others: &[&str]) {
        let pattern = Pattern::new(pattern).unwrap();
        let matches = |path: &&str| pattern.matches(&path.split('/').collect::<Vec<_>>());
        assert!(matched.iter().all(matches), "{pattern:?} {matched:?}");
        assert!(!others.iter().any(matches), "{pattern:?} {others:?}");
    }

    #[test]
    fn a_pattern_matches_what_it_says() {
        check("**", &["src/main.rs", "build.rs", "src/a/b/c.rs"], &[]);
        check(
            "src/admin/**",
            &["src/admin/mod.rs", "src/admin/a/b.rs", "src/admin.rs"],
            &["src/admins.rs", "src/main.rs", "src/x/admin/a.rs", "admin.rs"],
        );
        check("src/*/admin.rs", &["src/a/admin.rs"], &["src/admin.rs", "src/a/b/admin.rs"]);
        check("**/admin.rs", &["admin.rs", "src/a/b/admin.rs"], &["src/admin/a.rs"]);
        check("src/*_admin.rs", &["src/_admin.rs", "src/b_admin.rs"], &["src/admin.rs"]);
        check("src/**/a*c/**", &["src/abc/x.rs", "src/x/ac.rs"], &["src/ab/x.rs", "src/x.rs"]);
    }

    #[test]
    fn a_pattern_that_could_not_match_is_none() {
        for mistaken in ["", "/src", "src/", "src//a", "../x", "./src", "src\\a", "src/a**"] {
            assert!(Pattern::new(mistaken).is_err(), "{mistaken}");
        }
        assert_eq!(Pattern::new("src/a/*/b").unwrap().beginning().count(), 2);
        assert_eq!(Pattern::new("main.rs").unwrap().beginning().count(), 0);
    }
}
