//! The pages of `docs/`: each page is in the crate's guide, its programs are doctests, and its links work on
//! GitHub and in rustdoc.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{fragments, is_in_order, plain, said};

const DOCS: &str = "../docs";
const LINKS: &str = "../secure-runtime/src/guide_links.md";

/// Programs that compile only with a `secure.toml`, or with a crate that this one does not depend on.
const NOT_COMPILED: [(&str, usize); 3] =
    [("throttling.md", 1), ("module-policies.md", 1), ("vocabulary.md", 2)];

#[test]
fn every_page_is_in_the_guide_and_its_programs_are_doctests() {
    let guide = fs::read_to_string("../secure-runtime/src/guide.rs").unwrap();
    let doctests = fs::read_to_string("src/lib.rs").unwrap();
    for page in pages() {
        let in_guide = match page.strip_prefix("providers/") {
            Some(file) if file != "README.md" => format!("= \"{file}\";"),
            _ => format!("{page}\""),
        };
        assert!(guide.contains(&in_guide), "secure-runtime/src/guide.rs has no docs/{page}");
        assert!(
            doctests.contains(&format!("\"docs/{page}\"")),
            "tests/src/lib.rs has no docs/{page}"
        );
        let ignored = read(&page).lines().filter(|line| line.starts_with("```rust,ignore")).count();
        let expected = NOT_COMPILED.iter().find(|(file, _)| *file == page).map_or(0, |it| it.1);
        assert_eq!(ignored, expected, "programs of docs/{page} that are not compiled");
        // Doctests are linked into one program unless they are `standalone_crate`, and `build()` checks every
        // endpoint of its program.
        for (kind, lines) in fences(&read(&page)) {
            let has_endpoint =
                lines.iter().any(|line| line.contains("secure(") && line.contains("#["));
            let is_alone = ["standalone_crate", "compile_fail", "ignore"];
            let is_alone = !kind.starts_with("rust") || is_alone.iter().any(|it| kind.contains(it));
            assert!(!has_endpoint || is_alone, "docs/{page}: `standalone_crate` for {lines:#?}");
        }
    }
}

/// The tests of the page are run as well, which doctests cannot do.
#[test]
fn the_programs_of_the_quickstart_are_those_that_are_tested() {
    let tested = fs::read_to_string("tests/rule_book/quickstart.rs").unwrap();
    let programs = fences(&read("quickstart.md")).into_iter();
    let programs: Vec<_> = programs.filter(|(kind, _)| kind.starts_with("rust")).collect();
    assert_eq!(programs.len(), 2);
    for (_, lines) in programs {
        let program = lines.join("\n");
        assert!(tested.contains(&program), "tests/rule_book/quickstart.rs lacks:\n{program}");
    }
}

/// A page links to another one by a label: its last lines define the label for GitHub, and
/// `guide_links.md`, which is included before each page, defines it for rustdoc.
#[test]
fn every_link_leads_somewhere() {
    let in_rustdoc = definitions(&fs::read_to_string(LINKS).unwrap());
    let headings: BTreeMap<String, BTreeSet<String>> =
        pages().into_iter().map(|page| (page.clone(), headings(&read(&page)))).collect();
    let mut links = 0;
    for page in pages() {
        let text = prose(&read(&page));
        let definitions = definitions(&text);
        let folder = Path::new(&page).parent().unwrap();
        for (label, link) in &definitions {
            links += 1;
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let file = normal(&folder.join(file));
            assert!(Path::new(DOCS).join(&file).exists(), "docs/{page}: no {link}");
            if file.ends_with(".svg") {
                continue;
            }
            if let Some(headings) = headings.get(&file) {
                assert!(anchor.is_empty() || headings.contains(anchor), "docs/{page}: no {link}");
                let module = in_crate(&file, anchor);
                assert_eq!(in_rustdoc.get(label), Some(&module), "{LINKS}: [{label}]: {module}");
            } else {
                assert!(in_rustdoc.contains_key(label), "{LINKS} lacks [{label}] of docs/{page}");
            }
        }
        for label in between(&text, "][", ']') {
            assert!(definitions.contains_key(&label), "docs/{page} does not define [{label}]");
        }
        for link in between(&text, "](", ')') {
            match link.strip_prefix('#') {
                Some(anchor) => assert!(headings[&page].contains(anchor), "docs/{page}: no {link}"),
                None => assert!(link.starts_with("https://"), "docs/{page}: {link} has no label"),
            }
        }
    }
    assert!(links >= 200, "only {links} links were found");
}

/// rustdoc has no files besides the pages, so the plots are embedded in their links.
#[test]
fn the_plots_of_the_guide_are_those_of_the_page() {
    let mut links = String::new();
    let folder = Path::new(DOCS).join("choosing-limits");
    for file in files(&folder).into_iter().filter(|file| file.ends_with(".svg")) {
        let plot = STANDARD.encode(fs::read(folder.join(&file)).unwrap());
        links += &format!("[{file}]: data:image/svg+xml;base64,{plot}\n");
    }
    let path = folder.join("plots.md");
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, &links).unwrap();
    }
    let is_current = fs::read_to_string(path).unwrap() == links;
    assert!(
        is_current,
        "docs/choosing-limits/plots.md is of other plots: run this test with BLESS=1"
    );
}

/// A comment in a program that does not compile quotes the compiler's message, and so do the lines of
/// a displayed error.
#[test]
fn every_error_that_a_page_shows_is_one_of_a_program() {
    let said = said();
    let is_said = |told: &str| {
        let fragments = fragments(told);
        said.iter().any(|line| is_in_order(&fragments, line))
    };
    let mut errors = 0;
    for page in pages() {
        for (kind, lines) in fences(&read(&page)) {
            if kind.contains("compile_fail") {
                let comments = lines.iter().filter_map(|line| Some(line.split_once("// ")?.1));
                let comments: Vec<&str> = comments.collect();
                assert!(!comments.is_empty(), "docs/{page}: {lines:?} does not say why");
                errors += comments.len();
                comments.iter().for_each(|it| assert!(is_said(it), "docs/{page}: {it}"));
            } else if lines.first().is_some_and(|line| line.starts_with("error: ")) {
                let told = lines.iter().filter(|line| !line.trim_start().starts_with("-->"));
                errors += 1;
                told.for_each(|it| assert!(is_said(it), "docs/{page}: {} is {it}", plain(it)));
            }
        }
    }
    assert!(errors >= 4, "only {errors} errors were found");
}

/// The paths of all pages below `docs/`.
fn pages() -> Vec<String> {
    let root = files(Path::new(DOCS));
    let providers = files(&Path::new(DOCS).join("providers"));
    let all = root.into_iter().chain(providers.iter().map(|file| format!("providers/{file}")));
    all.filter(|file| file.ends_with(".md")).collect()
}

fn files(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name());
    let mut names: Vec<String> = names.map(|name| name.into_string().unwrap()).collect();
    names.sort();
    names
}

fn read(page: &str) -> String {
    fs::read_to_string(Path::new(DOCS).join(page)).unwrap()
}

/// The module of a page.
fn in_crate(page: &str, anchor: &str) -> String {
    let path = match page.strip_suffix(".md").unwrap() {
        "README" => String::new(),
        "providers/README" => "::providers".to_owned(),
        page => format!("::{}", page.replace('/', "::").replace('-', "_")),
    };
    let hash = if anchor.is_empty() { "" } else { "#" };
    format!("crate::guide{path}{hash}{anchor}")
}

/// The path without `..`, as far as there is a parent folder.
fn normal(path: &Path) -> String {
    let mut normal = PathBuf::new();
    for part in path.components() {
        if part.as_os_str() != ".." || !normal.pop() {
            normal.push(part);
        }
    }
    normal.to_str().unwrap().to_owned()
}

fn definitions(text: &str) -> BTreeMap<String, String> {
    let lines = text.lines().filter_map(|line| line.strip_prefix('[')?.split_once("]: "));
    lines.map(|(label, link)| (label.to_owned(), link.to_owned())).collect()
}

/// The text between these two.
fn between(text: &str, begin: &str, end: char) -> Vec<String> {
    let found = text.split(begin).skip(1).filter_map(|rest| Some(rest.split_once(end)?.0));
    found.map(str::to_owned).collect()
}

/// The text without its fences and without code.
fn prose(text: &str) -> String {
    let mut prose = String::new();
    for line in outside(text) {
        let parts: Vec<&str> = line.split('`').collect();
        parts.iter().step_by(2).for_each(|part| prose += part);
        prose.push('\n');
    }
    prose
}

/// The lines outside of fences.
fn outside(text: &str) -> Vec<&str> {
    let mut is_outside = true;
    let mut lines = Vec::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            is_outside = !is_outside;
        } else if is_outside {
            lines.push(line);
        }
    }
    lines
}

/// Each fence: the text after its backticks, and its lines.
fn fences(text: &str) -> Vec<(String, Vec<String>)> {
    let mut fences = Vec::new();
    let mut open: Option<(String, Vec<String>)> = None;
    for line in text.lines() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(kind)) => open = Some((kind.to_owned(), Vec::new())),
            (Some(_), Some(_)) => fences.extend(open.take()),
            (Some((_, lines)), None) => lines.push(line.to_owned()),
            (None, None) => {}
        }
    }
    fences
}

/// The anchors that GitHub and rustdoc generate for the headings.
fn headings(text: &str) -> BTreeSet<String> {
    let titles = outside(text).into_iter().filter(|line| line.starts_with('#'));
    let titles = titles.map(|line| line.trim_start_matches('#').trim());
    let anchor = |title: &str| {
        let letters = title.chars().filter(|it| it.is_alphanumeric() || " -_".contains(*it));
        letters.flat_map(char::to_lowercase).map(|it| if it == ' ' { '-' } else { it }).collect()
    };
    titles.map(anchor).collect()
}
