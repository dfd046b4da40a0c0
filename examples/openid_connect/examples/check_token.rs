//! Explains why a token is refused: reads a token from standard input and prints the result of each check.
//!
//! `pbpaste | ISSUER=https://issuer.example/realms/shop AUDIENCE=shop cargo run -p openid_connect
//! --example check_token`
//!
//! Configure `Jwt` here as your service does, for example with the same preset (`Jwt::keycloak(…)`). The
//! output contains the token's claims, but not its signature. Do not paste it into a ticket that others
//! can read.

use std::env;
use std::io::{self, Read as _};
use std::process::ExitCode;

use secure_runtime::authentication::Jwt;

fn main() -> ExitCode {
    match check() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(fault) => {
            eprintln!("{fault}");
            ExitCode::from(2)
        }
    }
}

/// Whether the token is accepted. An error means that the token could not be checked, and why.
fn check() -> Result<bool, String> {
    let needed = |name| env::var(name).map_err(|_| format!("{name} is not set"));
    let jwt = Jwt::discover(needed("ISSUER")?).audience(needed("AUDIENCE")?);
    let mut token = String::new();
    io::stdin()
        .take(64 * 1024)
        .read_to_string(&mut token)
        .map_err(|error| format!("the token cannot be read: {error}"))?;
    let explanation = jwt.explain_token(&token).map_err(|errors| errors.to_string())?;
    println!("{explanation}");
    Ok(explanation.is_accepted())
}
