//! Tokens of workloads: GitHub Actions and Kubernetes service accounts.

use secure_runtime::authentication::Jwt;
use serde_json::{Value, json};

use super::{Bench, Claims, NOW, Row, cause, claims, row};

pub(crate) const GITHUB: &str = "https://token.actions.githubusercontent.com";
pub(crate) const CLUSTER: &str = "https://kubernetes.default.svc.cluster.local";

pub(crate) fn header_of_github() -> Value {
    json!({ "typ": "JWT", "x5t": "eBZ_", "kid": "38826b" })
}

/// No `typ`.
pub(crate) fn header_of_kubernetes() -> Value {
    json!({ "kid": "Xq7" })
}

fn workflow() -> Claims {
    claims(
        GITHUB,
        json!({
            "jti": "1ebc", "sub": "repo:octo-org/shop:ref:refs/heads/main", "aud": "https://deploy.example",
            "nbf": NOW - 600, "ref": "refs/heads/main", "sha": "f7a1", "repository": "octo-org/shop",
            "repository_owner": "octo-org", "repository_id": "74", "repository_owner_id": "65",
            "repository_visibility": "private", "actor": "ada", "actor_id": "12", "run_id": "3", "run_number": "10",
            "run_attempt": "1", "runner_environment": "github-hosted", "workflow": "deploy", "head_ref": "",
            "base_ref": "", "event_name": "push", "ref_type": "branch",
            "job_workflow_ref": "octo-org/shop/.github/workflows/deploy.yml@refs/heads/main",
        }),
    )
}

#[test]
fn github_actions() {
    let jwt = Jwt::github_actions()
        .audience("https://deploy.example")
        .claim("repository_owner_id")
        .is("65")
        .claim("ref")
        .is("refs/heads/main");
    let bench = Bench::rs256(header_of_github(), jwt);
    let deploy = "repo:octo-org/shop:ref:refs/heads/main id=1ebc";
    bench.check_common(&workflow(), deploy);
    let with = |name, others, expected| row(name, workflow().with(others), expected);
    bench.check([
        with("in an environment", json!({
            "sub": "repo:octo-org/shop:environment:prod", "environment": "prod",
        }), Ok("repo:octo-org/shop:environment:prod id=1ebc")),
        with("of another owner", json!({
            "sub": "repo:evil/shop:ref:refs/heads/main", "repository_owner_id": "66", "repository": "evil/shop",
        }), Err(cause::DEMAND)),
        with("of another branch", json!({ "ref": "refs/heads/evil" }), Err(cause::DEMAND)),
        with("of a pull request", json!({
            "sub": "repo:octo-org/shop:pull_request", "ref": "refs/pull/1/merge", "event_name": "pull_request",
        }), Err(cause::DEMAND)),
        with("the owner's number as a number", json!({ "repository_owner_id": 65 }), Err(cause::DEMAND)),
        with("for a cloud", json!({ "aud": "sts.amazonaws.com" }), Err(cause::AUDIENCE)),
        with("with the default audience", json!({ "aud": "https://github.com/octo-org" }), Err(cause::AUDIENCE)),
        with("of an enterprise's issuer", json!({ "iss": format!("{GITHUB}/octo") }), Err(cause::ISSUER)),
        row("without `sub`", workflow().without("sub"), Err(cause::NO_SUBJECT)),
    ]);
}

fn worker() -> Claims {
    claims(
        CLUSTER,
        json!({
            "aud": ["shop"], "jti": "aed7", "nbf": NOW, "sub": "system:serviceaccount:orders:worker",
            "kubernetes.io": {
                "namespace": "orders", "node": { "name": "n1", "uid": "u1" }, "pod": { "name": "p1", "uid": "u2" },
                "serviceaccount": { "name": "worker", "uid": "u3" }, "warnafter": NOW + 3000,
            },
        }),
    )
}

#[test]
fn kubernetes() {
    let bench = Bench::rs256(header_of_kubernetes(), Jwt::kubernetes(CLUSTER).audience("shop"));
    bench.check_common(&worker(), "system:serviceaccount:orders:worker tenant=orders id=aed7");
    let with = |name, others, expected| row(name, worker().with(others), expected);
    bench.check([
        with(
            "several audiences",
            json!({ "aud": ["shop", "vault"] }),
            Ok("system:serviceaccount:orders:worker tenant=orders id=aed7"),
        ),
        with("for the API server", json!({ "aud": [CLUSTER, "k3s"] }), Err(cause::AUDIENCE)),
        with(
            "of another cluster",
            json!({ "iss": "https://oidc.eks.eu-west-1.amazonaws.com/id/E1" }),
            Err(cause::ISSUER),
        ),
        row(
            "of a secret, without an end",
            claims(
                "kubernetes/serviceaccount",
                json!({
                    "sub": "system:serviceaccount:orders:worker",
                    "kubernetes.io/serviceaccount/namespace": "orders",
                }),
            )
            .without("exp"),
            Err(cause::ISSUER),
        ),
        row("without `sub`", worker().without("sub"), Err(cause::NO_SUBJECT)),
    ]);
    let one_namespace = Jwt::kubernetes(CLUSTER)
        .audience("shop")
        .claim(["kubernetes.io", "namespace"])
        .is_one_of(["orders", "stock"]);
    Bench::rs256(header_of_kubernetes(), one_namespace).check([
        row(
            "our namespace",
            worker(),
            Ok("system:serviceaccount:orders:worker tenant=orders id=aed7"),
        ),
        row(
            "another",
            worker().with(json!({ "kubernetes.io": { "namespace": "evil" } })),
            Err(cause::DEMAND),
        ),
    ]);
}

pub(crate) fn without_preset_of_github() -> Vec<Row> {
    vec![row("workflow", workflow(), Ok("repo:octo-org/shop:ref:refs/heads/main id=1ebc"))]
}

pub(crate) fn without_preset_of_kubernetes() -> Vec<Row> {
    vec![row("worker", worker(), Ok("system:serviceaccount:orders:worker id=aed7"))]
}
