//! Reads key files: plain files, bounded in size, and not writable by everybody.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;

/// The text of a file; the error is why it is not read.
pub(crate) fn read(path: &Path, most_bytes: u64) -> Result<String, String> {
    let failed = |error: std::io::Error| format!("cannot be read: {error}");
    // A pipe would keep the reader waiting.
    if !fs::metadata(path).map_err(failed)?.is_file() {
        return Err("is not a plain file".to_owned());
    }
    let file = File::open(path).map_err(failed)?;
    if is_writable_by_everybody(&file.metadata().map_err(failed)?) {
        return Err("is writable for everybody, so anybody could replace what it holds".to_owned());
    }
    let mut text = String::new();
    file.take(most_bytes.saturating_add(1)).read_to_string(&mut text).map_err(failed)?;
    if text.len() as u64 > most_bytes {
        return Err(format!("has more than {most_bytes} bytes"));
    }
    Ok(text)
}

#[cfg(unix)]
fn is_writable_by_everybody(file: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt as _;

    file.permissions().mode() & 0o002 != 0
}

#[cfg(not(unix))]
fn is_writable_by_everybody(_: &fs::Metadata) -> bool {
    false
}
