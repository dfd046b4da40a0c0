//! Finds, reads and tracks the `secure.toml` of the crate that is being compiled.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use proc_macro2::{Span, TokenStream};
use quote::quote;

use super::{Claims, FILE, Fault, Vocabulary, is_invisible, workspace};
use crate::diagnostics::{Diagnostics, Report};
use crate::model::legal::Fact;
use crate::paths::Paths;

/// The vocabulary for one attribute.
#[derive(Default)]
pub(crate) struct Current {
    /// Empty without a file, and with a faulty file.
    pub(crate) vocabulary: Arc<Vocabulary>,
    /// The faults of the file, which only the first attribute of the crate reports.
    faults: Vec<Fault>,
    /// The file, at the first attribute of the crate.
    tracked: Option<PathBuf>,
}

/// The vocabulary, and the file it was read from.
struct Loaded {
    crate_root: PathBuf,
    file: Option<(PathBuf, Option<SystemTime>)>,
    vocabulary: Arc<Vocabulary>,
}

/// A compiler compiles one crate, and reads the file once. An editor's server keeps running, and
/// checks whether the crate or the file has changed.
static LOADED: Mutex<Option<Loaded>> = Mutex::new(None);

/// The vocabulary of the crate that is being compiled.
pub(crate) fn current() -> Current {
    let Some(crate_root) = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from) else {
        return Current::default();
    };
    let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(loaded) = loaded.as_ref().filter(|loaded| loaded.is_fresh(&crate_root)) {
        return Current { vocabulary: Arc::clone(&loaded.vocabulary), ..Current::default() };
    }
    let (fresh, current) = load(crate_root);
    *loaded = Some(fresh);
    current
}

impl Fault {
    /// The message with its place, and the line in the compiler's format.
    fn shown(&self) -> String {
        let Self { line, column, text, message, .. } = self;
        let message = format!("{FILE}:{line}:{column}: {message}");
        if text.trim().is_empty() || text.chars().any(is_invisible) {
            return message;
        }
        let number = line.to_string();
        let margin = " ".repeat(number.len());
        let before = " ".repeat(column.saturating_sub(1));
        format!("{message}\n{margin} |\n{number} | {text}\n{margin} | {before}^")
    }
}

impl Loaded {
    fn is_fresh(&self, crate_root: &Path) -> bool {
        self.crate_root == crate_root
            && self.file.as_ref().is_none_or(|(file, modified)| *modified == modification(file))
    }
}

impl Current {
    /// Whether this is the first attribute of the crate, which reports everything about the file.
    pub(crate) fn is_first(&self) -> bool {
        self.tracked.is_some()
    }

    /// The faults of the file, at the first attribute of the crate only.
    ///
    /// `faults_in_keys` finds the mistakes in the keys of the file's policies.
    pub(crate) fn report(&self, faults_in_keys: fn(&Vocabulary) -> Vec<Fault>) -> Option<Report> {
        let keys = match self.tracked {
            Some(_) => faults_in_keys(&self.vocabulary),
            None => Vec::new(),
        };
        if self.faults.is_empty() && keys.is_empty() {
            return None;
        }
        let gathered = Diagnostics::gather(|diagnostics| {
            for fault in self.faults.iter().chain(&keys) {
                let diagnostic = diagnostics.error_at(Span::call_site(), fault.shown());
                if let Some(help) = &fault.help {
                    diagnostic.help(help.clone());
                }
            }
            Some(())
        });
        gathered.err()
    }

    /// Makes the compiler track the file, and registers the roles and the claims of tenant and tier
    /// in the inventory: at the first attribute of the crate only.
    pub(crate) fn tracking(&self, paths: &Paths) -> TokenStream {
        let Some(file) = self.tracked.as_deref().and_then(Path::to_str) else {
            return TokenStream::new();
        };
        let support = paths.support();
        let roles = self.vocabulary.names(Fact::Role).unwrap_or_default();
        let roles = (!roles.is_empty()).then(|| quote!(#support::roles!([#(#roles),*]);));
        let Claims { tenant, tier } = self.vocabulary.claims();
        let claims = (tenant.is_some() || tier.is_some()).then(|| {
            let (tenant, tier) = (tenant.iter().flatten(), tier.iter().flatten());
            quote!(#support::claims!([#(#tenant),*], [#(#tier),*]);)
        });
        quote! {
            const _: &[u8] = ::core::include_bytes!(#file);
            #roles
            #claims
        }
    }
}

fn load(crate_root: PathBuf) -> (Loaded, Current) {
    let mut current = Current::default();
    let file = find(&crate_root);
    if let Some((file, place)) = &file {
        match std::fs::read(file) {
            Ok(bytes) => {
                match Vocabulary::read_bytes(&bytes) {
                    Ok(vocabulary) => {
                        let folder = file.parent().and_then(|folder| folder.canonicalize().ok());
                        current.faults = vocabulary.unmatched_sources(folder.as_deref());
                        current.vocabulary =
                            Arc::new(Vocabulary { folder, ..vocabulary.at(place) });
                    }
                    Err(faults) => {
                        current.faults = faults;
                        current.vocabulary = Arc::new(Vocabulary::faulty());
                    }
                }
                current.tracked = Some(file.clone());
            }
            Err(error) => {
                current.faults = vec![unreadable(&error)];
                current.vocabulary = Arc::new(Vocabulary::faulty());
            }
        }
    }
    let file = file.map(|(file, _)| {
        let modified = modification(&file);
        (file, modified)
    });
    let vocabulary = Arc::clone(&current.vocabulary);
    (Loaded { crate_root, file, vocabulary }, current)
}

fn unreadable(error: &std::io::Error) -> Fault {
    let message = format!("cannot be read: {error}");
    Fault { line: 1, column: 1, text: String::new(), message, help: None }
}

fn modification(file: &Path) -> Option<SystemTime> {
    std::fs::metadata(file).and_then(|metadata| metadata.modified()).ok()
}

/// The file beside the crate's `Cargo.toml`, otherwise beside that of its workspace; and which of
/// the two.
fn find(crate_root: &Path) -> Option<(PathBuf, &'static str)> {
    let own = crate_root.join(FILE);
    if is_there(&own) {
        return Some((own, "beside the crate's `Cargo.toml`"));
    }
    let root = workspace::root(crate_root)?;
    Some((root.join(FILE), "at the workspace's root")).filter(|(file, _)| is_there(file))
}

/// Whether the path exists: a broken link is a mistake, not a missing file.
fn is_there(file: &Path) -> bool {
    std::fs::symlink_metadata(file).is_ok()
}
