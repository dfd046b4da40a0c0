//! Shared helpers of the tests: a real server on loopback, a client, and raw sockets for requests that a
//! well-behaved client would never send.

mod clocked_redis;
mod identity_provider;
mod introspection_endpoint;
pub mod log;
pub mod policies;
mod redis_server;
mod redis_topologies;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use actix_web::body::MessageBody;
use actix_web::dev::{
    HttpServiceFactory, Server, ServerHandle, ServiceFactory, ServiceRequest, ServiceResponse,
};
use actix_web::{App, HttpServer};
use secure_runtime::Security;
use serde_json::Value;

pub use clocked_redis::ClockedRedis;
pub use identity_provider::{Behaviour, IdentityProvider};
pub use introspection_endpoint::{IntrospectionEndpoint, Manners, Question};
pub use redis_server::{RedisServer, eventually, free_port};
pub use redis_topologies::{RedisCluster, WatchedRedis};

/// Longer than any expected wait of a test, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server that stops when the test ends.
pub struct TestServer {
    address: SocketAddr,
    handle: ServerHandle,
}

/// The response.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl TestServer {
    /// Serves one service with this security; two workers each create their own instance of the service.
    pub fn start<S: HttpServiceFactory + 'static>(
        security: &Security,
        service: impl Fn() -> S + Clone + Send + 'static,
    ) -> Self {
        let security = security.clone();
        Self::run(move || App::new().app_data(security.clone()).service(service()))
    }

    /// Serves an application that a test builds itself.
    pub fn run<T, B>(app: impl Fn() -> App<T> + Send + Clone + 'static) -> Self
    where
        T: ServiceFactory<
                ServiceRequest,
                Config = (),
                Response = ServiceResponse<B>,
                Error = actix_web::Error,
                InitError = (),
            > + 'static,
        B: MessageBody + 'static,
    {
        let server = HttpServer::new(app)
            .workers(2)
            .disable_signals()
            .shutdown_timeout(0)
            .bind(("127.0.0.1", 0))
            .expect("a free port on loopback");
        let address = *server.addrs().first().expect("the bound address");
        let server: Server = server.run();
        let handle = server.handle();
        actix_web::rt::spawn(server);
        Self { address, handle }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Sends a request; `headers` are `name: value` lines.
    pub async fn send(&self, method: &str, path: &str, headers: &[&str], body: &str) -> Answer {
        let client = awc::Client::builder().disable_redirects().timeout(PATIENCE).finish();
        let method = method.parse().expect("a method");
        let mut request = client.request(method, self.url(path));
        for line in headers {
            let (name, value) = line.split_once(": ").expect("a header line");
            request = request.append_header((name, value));
        }
        let sent =
            if body.is_empty() { request.send() } else { request.send_body(body.to_owned()) };
        let mut response = sent.await.expect("an answer");
        let headers = response.headers().iter();
        let text = |value: &awc::http::header::HeaderValue| {
            String::from_utf8_lossy(value.as_bytes()).into_owned()
        };
        Answer {
            status: response.status().as_u16(),
            headers: headers.map(|(name, value)| (name.to_string(), text(value))).collect(),
            body: String::from_utf8_lossy(&response.body().await.expect("a body")).into_owned(),
        }
    }

    pub async fn get(&self, path: &str, headers: &[&str]) -> Answer {
        self.send("GET", path, headers, "").await
    }

    pub async fn post_json(&self, path: &str, headers: &[&str], body: &str) -> Answer {
        let headers: Vec<&str> =
            headers.iter().copied().chain(["content-type: application/json"]).collect();
        self.send("POST", path, &headers, body).await
    }

    /// Writes raw bytes, then reads until the server closes the connection or sends nothing for two seconds.
    pub async fn raw(&self, bytes: impl Into<Vec<u8>>) -> String {
        let (address, bytes) = (self.address, bytes.into());
        let exchange = move || {
            let mut stream = TcpStream::connect(address).expect("a connection");
            stream.set_read_timeout(Some(Duration::from_secs(2))).expect("a timeout");
            stream.write_all(&bytes).expect("bytes sent");
            let mut answer = Vec::new();
            let mut chunk = [0; 4096];
            while let Ok(read @ 1..) = stream.read(&mut chunk) {
                answer.extend_from_slice(chunk.get(..read).unwrap_or_default());
            }
            String::from_utf8_lossy(&answer).into_owned()
        };
        actix_web::rt::task::spawn_blocking(exchange).await.expect("the exchange")
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
    }
}

impl Answer {
    /// The value of a header that occurs at most once; `None` if it is absent.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(key, _)| key == name);
        let value = values.next();
        assert!(values.next().is_none(), "`{name}` occurs more than once");
        value.map(|(_, value)| value.as_str())
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.body))
    }

    /// Asserts that the response is a problem (RFC 9457) with this status, and returns it.
    pub fn problem(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self:?}");
        let problem = self.json();
        assert_eq!(problem.get("status"), Some(&Value::from(status)));
        assert!(problem.get("type").is_some_and(Value::is_string), "{problem}");
        assert!(problem.get("title").is_some_and(Value::is_string), "{problem}");
        problem
    }
}

/// The time so many seconds after the Unix epoch.
pub fn unix(seconds: u64) -> std::time::SystemTime {
    std::time::UNIX_EPOCH + Duration::from_secs(seconds)
}

/// `authorization: Bearer …`
pub fn bearer(token: &str) -> String {
    format!("authorization: Bearer {token}")
}

/// The programs of the README and of the guide as doctests: they compile, and run if they can.
#[cfg(doctest)]
mod pages {
    macro_rules! pages {
        ($($page:ident = $file:literal;)*) => {
            $(#[doc = include_str!(concat!("../../", $file))] struct $page;)*
        };
    }

    pages! {
        Readme = "README.md";
        Guide = "docs/README.md";

        Quickstart = "docs/quickstart.md";

        Authentication = "docs/authentication.md";
        IdentityProviders = "docs/identity-providers.md";
        Callers = "docs/callers.md";
        TokenChecks = "docs/token-checks.md";
        Introspection = "docs/introspection.md";
        ApiKeys = "docs/api-keys.md";
        Revocation = "docs/revocation.md";
        ClientAddress = "docs/client-address.md";
        BuildingOnJwt = "docs/building-on-jwt.md";

        Rules = "docs/rules.md";
        Allow = "docs/allow.md";
        StepUp = "docs/step-up.md";
        Vocabulary = "docs/vocabulary.md";
        ModulePolicies = "docs/module-policies.md";
        DynamicPolicies = "docs/dynamic-policies.md";

        Validation = "docs/validation.md";
        Bodies = "docs/bodies.md";

        ChoosingLimits = "docs/choosing-limits.md";
        Throttling = "docs/throttling.md";
        SharedLimits = "docs/shared-limits.md";

        Errors = "docs/errors.md";
        Mounting = "docs/mounting.md";
        Sockets = "docs/sockets.md";
        Macros = "docs/macros.md";
        Testing = "docs/testing.md";
        Migrating = "docs/migrating.md";

        Operating = "docs/operating.md";
        SecurityModel = "docs/security-model.md";

        Reference = "docs/reference.md";
        Configuration = "docs/configuration.md";
        LogsAndMetrics = "docs/logs-and-metrics.md";
        Benchmarks = "docs/benchmarks.md";
        Comparison = "docs/comparison.md";

        Providers = "docs/providers/README.md";
        Auth0 = "docs/providers/auth0.md";
        Authentik = "docs/providers/authentik.md";
        Clerk = "docs/providers/clerk.md";
        CloudflareAccess = "docs/providers/cloudflare-access.md";
        Cognito = "docs/providers/cognito.md";
        Duende = "docs/providers/duende.md";
        Entra = "docs/providers/entra.md";
        Firebase = "docs/providers/firebase.md";
        Forgerock = "docs/providers/forgerock.md";
        GithubActions = "docs/providers/github-actions.md";
        Google = "docs/providers/google.md";
        Hydra = "docs/providers/hydra.md";
        Keycloak = "docs/providers/keycloak.md";
        Kinde = "docs/providers/kinde.md";
        Kubernetes = "docs/providers/kubernetes.md";
        Logto = "docs/providers/logto.md";
        Okta = "docs/providers/okta.md";
        SpringAuthorizationServer = "docs/providers/spring-authorization-server.md";
        Supabase = "docs/providers/supabase.md";
        YourOwnTokens = "docs/providers/your-own-tokens.md";
        Zitadel = "docs/providers/zitadel.md";
    }
}
