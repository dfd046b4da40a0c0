//! Every application that the instruction counts compare serves the requests.

use std::path::Path;
use std::process::Command;

const VARIANTS: [&str; 10] = [
    "bare",
    "secured",
    "secured_in_use",
    "enriched",
    "assembled",
    "handwritten",
    "floor",
    "ruled",
    "ruled_by_hand",
    "ruled_bare",
];

#[test]
fn every_variant_serves() {
    let fixture = Path::new(env!("CARGO_TARGET_TMPDIR")).join("fixture.json");
    let made = Command::new(env!("CARGO_BIN_EXE_fixture")).arg(&fixture).arg("2").status();
    assert!(made.unwrap().success());
    let drive = |variant: &str| {
        let mut drive = Command::new(env!("CARGO_BIN_EXE_drive"));
        drive.arg(&fixture).args([variant, "rs256", "2"]).output().unwrap()
    };
    for variant in VARIANTS {
        let output = drive(variant);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{variant}: {errors}");
    }
    assert!(!drive("unknown").status.success());
}
