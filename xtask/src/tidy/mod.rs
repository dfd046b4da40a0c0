//! `cargo xtask tidy`: everything that can be checked without running the code.

mod dependencies;
mod layers;
mod lints;
mod sources;

use crate::Failure;
use crate::steps::{Steps, cargo};

pub(crate) fn run() -> Result<(), Failure> {
    let mut steps = Steps::default();
    steps.command("formatting", &mut cargo(&["fmt", "--all", "--", "--check"]));
    steps.run("source files", sources::check);
    steps.run("layers", layers::check);
    steps.run("dependencies", dependencies::check);
    steps.run("advisories", crate::advisories::check);
    steps.run("clippy", lints::check);
    steps.command(
        "documentation",
        cargo(&["doc", "--quiet", "--workspace", "--no-deps", "--locked"])
            .env("RUSTDOCFLAGS", "--deny=warnings"),
    );
    steps.finish()
}
