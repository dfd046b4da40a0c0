//! The table `[policies]`: policies for source files.

use std::fs;
use std::path::Path;

use super::Fault;
use super::document::{Document, fault};
use super::glob::Pattern;

/// A policy for the handlers of some files.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) pattern: Pattern,
    /// The keys, as in an attribute.
    pub(crate) keys: String,
    /// The place where they begin; its message is empty.
    pub(crate) place: Fault,
    /// The place of the pattern; its message is empty.
    pattern_place: Fault,
}

/// Checks the table. After a fault the result is of no use.
pub(super) fn resolve(document: &Document, text: &str, faults: &mut Vec<Fault>) -> Vec<Source> {
    let mut sources = Vec::new();
    for (pattern, keys) in &document.policies {
        match Pattern::new(&pattern.text) {
            Ok(read) => sources.push(Source {
                pattern: read,
                keys: keys.text.clone(),
                place: fault(text, keys.at, String::new(), None),
                pattern_place: fault(text, pattern.at, String::new(), None),
            }),
            Err(wrong) => {
                let message = format!("`{}` is not a file pattern: {wrong}", pattern.text);
                let help = Some(String::from("`\"src/routes/admin/**\"`"));
                faults.push(fault(text, pattern.at, message, help));
            }
        }
    }
    // The order of the file: the outermost policy is first.
    sources.sort_by_key(|source| (source.place.line, source.place.column));
    sources
}

/// A pattern without a matching file protects nothing: it is misspelt, or the files have moved.
pub(super) fn without_files(sources: &[Source], folder: &Path) -> Vec<Fault> {
    let is_idle = |source: &&Source| {
        let beginning: Vec<&str> = source.pattern.beginning().collect();
        let at =
            |parts: &[&str]| parts.iter().fold(folder.to_owned(), |path, part| path.join(part));
        let is_in_folder = is_in(&source.pattern, &at(&beginning), &beginning, DEEPEST);
        // The file of a module is beside its folder.
        let outer = beginning.split_last().map(|(_, outer)| outer);
        let is_beside = |outer: &[&str]| is_in(&source.pattern, &at(outer), outer, 0);
        !is_in_folder && !outer.is_some_and(is_beside)
    };
    let idle = sources.iter().filter(is_idle).map(|source| {
        let text = source.pattern.text();
        let help = format!("`\"{}/**\"` matches the files of a folder", text.trim_end_matches('/'));
        Fault {
            message: format!("no source file matches `{text}`"),
            help: (!text.contains('*') && !text.ends_with(".rs")).then_some(help),
            ..source.pattern_place.clone()
        }
    });
    idle.collect()
}

/// The greatest depth of folders that is searched.
const DEEPEST: usize = 32;

/// Whether a file in the folder matches, up to the greatest depth.
fn is_in(pattern: &Pattern, folder: &Path, parts: &[&str], depth: usize) -> bool {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.into_iter().any(|entry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let path: Vec<&str> = parts.iter().copied().chain([&*name]).collect();
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            let is_source = !name.starts_with('.') && name != "target";
            is_source && depth > 0 && is_in(pattern, &entry.path(), &path, depth - 1)
        } else {
            name.ends_with(".rs") && pattern.matches(&path)
        }
    })
}
