//! The table `[bodies]`: the extractors that validate.

use syn::Path;

use super::Fault;
use super::document::{Document, fault};

/// The table `[bodies]`.
#[derive(Debug, Default)]
pub(crate) struct Bodies {
    /// The paths of extractors that validate.
    validated_by: Vec<String>,
}

impl Bodies {
    /// The listed extractor that a path ends with: `extract::AwebJson<Order>` ends with `AwebJson`.
    pub(crate) fn validating(&self, path: &Path) -> Option<&str> {
        let is_one = |extractor: &&String| {
            let mut written = path.segments.iter().rev();
            extractor.rsplit("::").all(|word| written.next().is_some_and(|it| it.ident == word))
        };
        self.validated_by.iter().find(is_one).map(String::as_str)
    }

    /// The listed extractor with this last word, but with a longer path than was written.
    pub(crate) fn longer(&self, last: &str) -> Option<&str> {
        let mut paths = self.validated_by.iter().map(String::as_str);
        paths.find(|path| path.rsplit_once("::").is_some_and(|(_, word)| word == last))
    }
}

/// Checks the list. After a fault the result is of no use.
pub(super) fn resolve(document: &Document, text: &str, faults: &mut Vec<Fault>) -> Bodies {
    let mut bodies = Bodies::default();
    for name in &document.validated_by {
        let is_path = name.text.split("::").all(|word| syn::parse_str::<syn::Ident>(word).is_ok());
        let mut told = |message: String, help: &str| {
            faults.push(fault(text, name.at, message, Some(help.to_owned())));
        };
        if !is_path {
            let message =
                format!("`validated_by` expects the path of an extractor, found `{:?}`", name.text);
            told(
                message,
                "write the type's name without its parameters: `\"actix_web_validator::Json\"`",
            );
        } else if OF_ACTIX_WEB.contains(&name.text.trim_start_matches("web::")) {
            let message =
                format!("`{}` is an extractor of actix-web, which does not validate", name.text);
            told(
                message,
                "write more of the path of your extractor: `\"actix_web_validator::Json\"`",
            );
        } else if bodies.validated_by.contains(&name.text) {
            let message = format!("`validated_by` names `{}` twice, expected it once", name.text);
            told(message, "remove one of the two");
        } else {
            bodies.validated_by.push(name.text.clone());
        }
    }
    bodies
}

/// Names that mean actix-web's own extractors wherever they are written.
const OF_ACTIX_WEB: [&str; 12] = [
    "Json",
    "Form",
    "Query",
    "Path",
    "Bytes",
    "BytesMut",
    "String",
    "Payload",
    "Either",
    "Option",
    "Result",
    "Multipart",
];
