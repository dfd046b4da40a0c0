//! Checks that an application really enforces what it is measured for.

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{Service, ServiceResponse};
use actix_web::web::Bytes;

use actix_http::Request;

use crate::Failure;
use crate::drive::{LARGE_NOTE, SMALL_NOTE, body, request, status};
use crate::fixture::Tokens;

/// Sends an application every kind of request that it must accept or refuse, each one twice: with a warm cache
/// the response must be the same.
///
/// # Errors
///
/// When a response is wrong.
pub async fn check<S, B>(name: &str, service: &S, tokens: &Tokens) -> Result<(), Failure>
where
    S: Service<Request, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody,
{
    let good = body(SMALL_NOTE)?;
    let large = body(LARGE_NOTE)?;
    let invalid =
        Bytes::from_static(br#"{"customer":"Alice","article":"teapot","quantity":0,"note":""}"#);
    let malformed = Bytes::from_static(b"{");
    let cut = tokens.admin.get(..tokens.admin.len() - 8).unwrap_or_default();

    let cases: [(&str, Option<&str>, &Bytes, &[u16]); 11] = [
        ("a good request", Some(&tokens.admin), &good, &[200]),
        ("a good request of 64 KiB", Some(&tokens.admin), &large, &[200]),
        ("no token", None, &good, &[401]),
        ("no token and no order", None, &malformed, &[401]),
        ("an expired token", Some(&tokens.expired), &good, &[401]),
        ("a token for somebody else", Some(&tokens.misdirected), &good, &[401]),
        ("a token of another issuer's key", Some(&tokens.forged), &good, &[401]),
        ("a token with half a signature", Some(cut), &good, &[401]),
        ("another role", Some(&tokens.viewer), &good, &[403]),
        ("an order that breaks a rule", Some(&tokens.admin), &invalid, &[400, 422]),
        ("no order", Some(&tokens.admin), &malformed, &[400, 422]),
    ];
    for round in ["first", "second"] {
        for (case, token, body, expected) in &cases {
            let status = status(service, request(*token, body)).await.as_u16();
            if !expected.contains(&status) {
                return Err(format!(
                    "{name}: {case}, shown the {round} time, was answered {status}, expected {expected:?}"
                )
                .into());
            }
        }
    }
    Ok(())
}

/// Sends two requests to an application with a limit of one request.
///
/// # Errors
///
/// When the second one is not refused.
pub async fn check_limit<S, B>(name: &str, service: &S, tokens: &Tokens) -> Result<(), Failure>
where
    S: Service<Request, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody,
{
    let good = body(SMALL_NOTE)?;
    for expected in [200, 429] {
        let status = status(service, request(Some(&tokens.admin), &good)).await.as_u16();
        if status != expected {
            return Err(format!("{name}: limit: answered {status}, expected {expected}").into());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{Algorithm, Fixture};
    use crate::variants::{Limits, assembled, handwritten, secured};

    async fn every_variant(algorithm: Algorithm) {
        let fixture = Fixture::generate(0).unwrap();
        let tokens = fixture.tokens(algorithm);

        let roomy = Limits::Roomy;
        let ours = secured::application(&fixture, algorithm, roomy).await.unwrap();
        let assembled = assembled::application(&fixture, algorithm, roomy).await.unwrap();
        let handwritten = handwritten::application(&fixture, algorithm, roomy).await.unwrap();
        check("secured", &ours, tokens).await.unwrap();
        check("assembled", &assembled, tokens).await.unwrap();
        check("handwritten", &handwritten, tokens).await.unwrap();

        let tight = Limits::Tight;
        let ours = secured::application(&fixture, algorithm, tight).await.unwrap();
        let assembled = assembled::application(&fixture, algorithm, tight).await.unwrap();
        let handwritten = handwritten::application(&fixture, algorithm, tight).await.unwrap();
        check_limit("secured", &ours, tokens).await.unwrap();
        check_limit("assembled", &assembled, tokens).await.unwrap();
        check_limit("handwritten", &handwritten, tokens).await.unwrap();
    }

    #[actix_rt::test]
    async fn every_variant_enforces_with_rs256() {
        every_variant(Algorithm::Rs256).await;
    }

    #[actix_rt::test]
    async fn every_variant_enforces_with_hs256() {
        every_variant(Algorithm::Hs256).await;
    }
}
