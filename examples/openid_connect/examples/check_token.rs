//! Why is this token refused? Reads a token from the standard input and prints every check of it.
//!
//! `pbpaste | ISSUER=https://issuer.example/realms/shop AUDIENCE=shop cargo run -p openid_connect
//! --example check_token`
//!
//! Describe the provider here as your service does, with a preset (`Jwt::keycloak(…)`), say. The
//! signature is not printed, but claims are: the output is for you, and not for a ticket that others
//! read.

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

/// Whether the token is accepted; the error is why nobody can say.
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
