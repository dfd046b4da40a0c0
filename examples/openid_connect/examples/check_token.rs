//! Why is this token refused? Reads a token from the standard input and prints every check of it.
//!
//! `pbpaste | ISSUER=https://issuer.example/realms/shop AUDIENCE=shop cargo run -p openid_connect
//! --example check_token`
//!
//! Describe the provider here as your service does, with a preset (`Jwt::keycloak(…)`), say. The
//! signature is not printed, but claims are: the output is for you, and not for a ticket that others
//! read.

use std::io::{self, Read as _};
use std::{env, process};

use secure_runtime::authentication::Jwt;

fn main() -> io::Result<()> {
    let needed = |name| env::var(name).map_err(|_| io::Error::other(format!("{name} is not set")));
    let jwt = Jwt::discover(needed("ISSUER")?).audience(needed("AUDIENCE")?);
    let mut token = String::new();
    io::stdin().take(64 * 1024).read_to_string(&mut token)?;
    match jwt.explain_token(&token) {
        Ok(explanation) => {
            println!("{explanation}");
            process::exit(i32::from(!explanation.is_accepted()));
        }
        Err(faults) => Err(io::Error::other(faults.join("\n"))),
    }
}
