//! An invalid configuration is a startup error that lists all of its faults.

use actix_web::{HttpResponse, get};
use secure_runtime::authentication::Jwt;
use secure_runtime::testing::Issuer;
use secure_runtime::{Security, secure};

#[secure(auth = any(partner, jwt), roles = "staff", rate = ["5/s", "100/h"], max_body = "1KiB")]
#[get("/listed/{id}")]
async fn listed() -> HttpResponse {
    HttpResponse::Ok().finish()
}

#[secure]
#[get("/plain")]
async fn plain() -> HttpResponse {
    HttpResponse::Ok().finish()
}

#[test]
fn everything_that_is_missing_is_reported_at_once() {
    let error = Security::builder()
        .answers_for(module_path!())
        .answers_for("no::such::module")
        .named_authenticator("jwt", Issuer::hs256().jwt())
        .named_authenticator("jwt", Issuer::hs256().jwt())
        .named_authenticator("weak", Jwt::hs256("short"))
        .build()
        .unwrap_err();
    let text = error.to_string();
    for fault in [
        "two authenticators are named `jwt`",
        "authenticator `weak`: ",
        "`answers_for(\"no::such::module\")` matches no secured endpoint",
        "launch::listed` needs the authenticator `partner`, which is not configured; configured: jwt (",
        "launch::plain` needs a default authenticator, and none is configured",
    ] {
        assert!(text.contains(fault), "{fault} in: {text}");
    }
    assert!(text.contains("launch.rs:"), "{text}");
}

#[test]
fn a_program_of_several_is_told_to_name_its_modules() {
    let error =
        Security::builder().named_authenticator("jwt", Issuer::hs256().jwt()).build().unwrap_err();
    let fault = error
        .faults()
        .map(secure_runtime::LaunchFault::message)
        .find(|it| it.contains("launch::listed` needs"))
        .unwrap();
    assert!(fault.contains("if another `Security` answers for it, say with `.answers_for(…)`"));
}

#[test]
fn the_inventory_lists_every_endpoint_as_a_table_and_as_json() {
    let security = Security::builder()
        .answers_for(module_path!())
        .authenticator("jwt", Issuer::hs256().jwt())
        .named_authenticator("partner", Issuer::rs256().jwt())
        .build()
        .unwrap();
    let table = security.inventory().to_string();
    let row = table.split("\nGET ").find(|row| row.contains("/listed/{id}")).unwrap();
    for cell in
        ["authenticated (any of partner, jwt)", "role(\"staff\")", "5/s", "100/h", "launch.rs:"]
    {
        assert!(row.contains(cell), "{cell} in: {row}");
    }
    let rows: serde_json::Value = serde_json::from_str(&security.inventory().to_json()).unwrap();
    assert_eq!(rows.as_array().unwrap().len(), 2);
    assert_eq!(rows[0]["max_body"], 1024);
    assert_eq!(rows[0]["limits"][1], "100/h");
    assert!(secure_runtime::inventory().rows().len() > 2, "the program has other endpoints");
}
