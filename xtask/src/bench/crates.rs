//! The package whose compile time is measured: the same handlers again and again, each time as a
//! program.

use std::fmt::Write as _;
use std::path::Path;

use crate::{Failure, root};

/// One of the programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// `#[post]` alone, and one handler as in [`Self::Secured`]: what a program pays once, as for
    /// linking the runtime, is not a handler's.
    BesideSecured,
    /// The same beside one as in [`Self::Protected`].
    BesideProtected,
    /// `#[secure]` above `#[post]`.
    Secured,
    /// The same program with a `secure.toml` beside it.
    Listed,
    /// `#[protect]` below `#[post]`, with an extractor that validates.
    Protected,
}

impl Kind {
    pub(super) const ALL: [Self; 5] =
        [Self::BesideSecured, Self::Secured, Self::Listed, Self::BesideProtected, Self::Protected];

    pub(super) fn program(self) -> &'static str {
        match self {
            Self::BesideSecured => "beside_secured",
            Self::BesideProtected => "beside_protected",
            Self::Secured | Self::Listed => "secured",
            Self::Protected => "protected",
        }
    }

    fn imports(self) -> &'static str {
        match self {
            Self::BesideSecured | Self::Secured | Self::Listed => {
                "use actix_web::web::Json;\nuse secure_runtime::secure;\n"
            }
            Self::BesideProtected | Self::Protected => {
                "use actix_web_grants::protect;\nuse actix_web_validator::Json;\n"
            }
        }
    }

    fn attributes(self, number: usize) -> String {
        let post = format!("#[post(\"/orders/{number}\")]");
        match self {
            Self::BesideSecured | Self::BesideProtected if number > 0 => post,
            Self::BesideSecured | Self::Secured | Self::Listed => {
                format!("#[secure(roles = \"admin\", rate = \"100/h\", validate(order))]\n{post}")
            }
            Self::BesideProtected | Self::Protected => format!("{post}\n#[protect(\"admin\")]"),
        }
    }

    /// The order is the same everywhere, its rules included; the peer's extractor needs an older
    /// `validator`.
    fn derive(self) -> &'static str {
        match self {
            Self::BesideSecured | Self::Secured | Self::Listed => {
                "#[derive(Deserialize, validator::Validate)]\n"
            }
            Self::BesideProtected | Self::Protected => {
                "#[derive(Deserialize, validator_0_20::Validate)]\n\
                 #[validate(crate = \"validator_0_20\")]\n"
            }
        }
    }

    fn source(self, handlers: usize) -> Result<String, Failure> {
        let mut text = String::from("use actix_web::{App, HttpResponse, post, web};\n");
        text += self.imports();
        text += "use serde::Deserialize;\n\n";
        text += self.derive();
        text += "struct NewOrder {\n    #[validate(length(min = 1, max = 64))]\n    customer: String,\n}\n";
        for number in 0..handlers {
            write!(
                text,
                "\n{}\nasync fn place_{number}(order: Json<NewOrder>) -> HttpResponse {{\n    \
                 HttpResponse::Ok().body(order.into_inner().customer)\n}}\n",
                self.attributes(number)
            )?;
        }
        text += "\nfn routes(config: &mut web::ServiceConfig) {\n";
        for number in 0..handlers {
            writeln!(text, "    config.service(place_{number});")?;
        }
        text += "}\n\nfn main() {\n    drop(App::new().configure(routes));\n}\n";
        Ok(text)
    }
}

/// Writes the package into a folder. It resolves to the versions of this workspace.
pub(super) fn write(package: &Path, handlers: usize) -> Result<(), Failure> {
    let mut manifest = String::from(
        "[package]\nname = \"compile-time\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\
         publish = false\nautobins = false\n\n[workspace]\n",
    );
    // The one with a vocabulary is the same program.
    for kind in Kind::ALL.into_iter().filter(|kind| *kind != Kind::Listed) {
        let program = kind.program();
        write!(manifest, "\n[[bin]]\nname = \"{program}\"\npath = \"{program}.rs\"\n")?;
        std::fs::write(package.join(format!("{program}.rs")), kind.source(handlers)?)?;
    }
    write!(
        manifest,
        "\n[dependencies]\n\
         actix-web = {{ version = \"4.18\", default-features = false, features = [\"macros\"] }}\n\
         actix-web-grants = \"4.1\"\n\
         actix-web-validator = \"7\"\n\
         secure-runtime = {{ path = {:?} }}\n\
         serde = {{ version = \"1\", features = [\"derive\"] }}\n\
         validator = {{ version = \"0.21\", features = [\"derive\"] }}\n\
         validator-0-20 = {{ package = \"validator\", version = \"0.20\", features = [\"derive\"] }}\n",
        root().join("secure-runtime").canonicalize()?
    )?;
    std::fs::write(package.join("Cargo.toml"), manifest)?;
    std::fs::copy(root().join("Cargo.lock"), package.join("Cargo.lock"))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_programs_differ_in_what_stands_above_the_handlers() {
        let secured = Kind::Secured.source(2).unwrap();
        assert!(secured.contains(
            "#[secure(roles = \"admin\", rate = \"100/h\", validate(order))]\n#[post(\"/orders/1\")]\nasync fn place_1"
        ));
        assert!(Kind::Protected.source(2).unwrap().contains("#[protect(\"admin\")]\nasync fn"));
        let beside = Kind::BesideSecured.source(2).unwrap();
        assert_eq!(beside.matches("#[secure(").count(), 1);
        let beside = Kind::BesideProtected.source(2).unwrap();
        assert_eq!(beside.matches("#[protect(").count(), 1);
    }
}
