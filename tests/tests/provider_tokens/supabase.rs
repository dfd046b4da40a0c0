//! Supabase: tokens of signed-in users, and the keys of the project, which are JWTs as well.

use secure_runtime::authentication::Jwt;
use serde_json::{Value, json};

use super::{Bench, Claims, NOW, Row, cause, claims, row};

pub(crate) const ISSUER: &str = "https://abcd.supabase.co/auth/v1";

pub(crate) fn header() -> Value {
    json!({ "kid": "b81c", "typ": "JWT" })
}

pub(crate) fn user() -> Claims {
    claims(
        ISSUER,
        json!({
            "sub": "4d7a", "aud": "authenticated", "email": "ada@shop.example", "phone": "",
            "app_metadata": { "provider": "email", "providers": ["email"] }, "user_metadata": {},
            "role": "authenticated", "aal": "aal1", "amr": [{ "method": "password", "timestamp": NOW - 60 }],
            "session_id": "s-1", "is_anonymous": false,
        }),
    )
}

/// A key of the project: no subject, no audience.
fn project_key(role: &str) -> Claims {
    claims("supabase", json!({ "ref": "abcd", "role": role }))
}

#[test]
fn supabase() {
    let described = || Jwt::supabase("https://abcd.supabase.co");
    let bench = Bench::es256(header(), described());
    bench.check_common(&user(), "4d7a roles=authenticated session=s-1");
    let with = |name, others, expected| row(name, user().with(others), expected);
    bench.check([
        with(
            "`amr` as RFC 8176 has it",
            json!({ "amr": ["password"] }),
            Ok("4d7a roles=authenticated session=s-1"),
        ),
        with("a role of a hook", json!({ "role": "editor" }), Ok("4d7a roles=editor session=s-1")),
        with(
            "an anonymous user",
            json!({ "is_anonymous": true }),
            Ok("4d7a roles=authenticated session=s-1"),
        ),
        row("the project's public key", project_key("anon"), Err(cause::ISSUER)),
        row("the project's secret key", project_key("service_role"), Err(cause::ISSUER)),
        row(
            "a project key with our issuer",
            project_key("service_role").with(json!({ "iss": ISSUER })),
            Err(cause::NO_AUDIENCE),
        ),
        with(
            "another project",
            json!({ "iss": "https://evil.supabase.co/auth/v1" }),
            Err(cause::ISSUER),
        ),
        with("another audience", json!({ "aud": "anon" }), Err(cause::AUDIENCE)),
        row("without `sub`", user().without("sub"), Err(cause::NO_SUBJECT)),
        row(
            "ID token of a client",
            claims(
                ISSUER,
                json!({
                    "sub": "4d7a", "aud": "client-1", "at_hash": "h", "nonce": "n",
                }),
            ),
            Err(cause::HASH),
        ),
        row(
            "ID token without marks",
            claims(ISSUER, json!({ "sub": "4d7a", "aud": "client-1" })),
            Err(cause::AUDIENCE),
        ),
    ]);
    bench.check_text("v1yAQ5sVdOfP", cause::NOT_JWT);
    let jwt = described().claim("is_anonymous").is(false).claim("aal").is("aal2");
    Bench::es256(header(), jwt).check([
        row(
            "a second factor",
            user().with(json!({ "aal": "aal2" })),
            Ok("4d7a roles=authenticated session=s-1"),
        ),
        row("one factor", user(), Err(cause::DEMAND)),
    ]);
    let jwt = described().client_ids(["client-1"]);
    Bench::es256(header(), jwt).check([
        row(
            "of a client",
            user().with(json!({ "client_id": "client-1" })),
            Ok("4d7a roles=authenticated session=s-1"),
        ),
        row("of another client", user().with(json!({ "client_id": "evil" })), Err(cause::CLIENT)),
    ]);
}

pub(crate) fn without_preset() -> Vec<Row> {
    vec![
        row("user", user(), Ok("4d7a")),
        row("the project's secret key", project_key("service_role"), Err(cause::ISSUER)),
    ]
}
