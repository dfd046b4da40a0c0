//! An authenticator of the application's own, beside bearer tokens: support staff present a ticket that
//! the help desk gave them. A ticket in the cache is accepted at once; for others the help desk is queried.
//!
//! Run `cargo run -p own_authenticator`. Requests to try:
//!
//! - `curl -H 'Authorization: Ticket 4711' http://127.0.0.1:8080/cases`: 200;
//! - `curl -i -H 'Authorization: Ticket 4712' http://127.0.0.1:8080/cases`: 401, with a
//!   `WWW-Authenticate` header for each of the two schemes.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};
use std::{env, io};

use actix_web::{App, HttpServer, get};
use secure_runtime::authentication::{
    Attempt, Authenticator, Challenge, Presented, Refusal, Verdict,
};
use secure_runtime::testing::Issuer;
use secure_runtime::{Moment, Principal, RequestHead, Security, secure};

#[secure(auth = any(ticket, jwt), roles = "support")]
#[get("/cases")]
async fn cases(caller: Principal) -> String {
    format!("the cases of {}", caller.subject())
}

/// Accepts `Authorization: Ticket …`.
#[derive(Default)]
struct Tickets {
    seen: Arc<RwLock<HashMap<String, Principal>>>,
}

impl Authenticator for Tickets {
    /// The `WWW-Authenticate` header of the 401 response for missing or invalid credentials.
    fn challenge(&self) -> Challenge {
        Challenge::new("Ticket").parameter("realm", "help desk")
    }

    fn presented(&self, request: &RequestHead<'_>) -> Presented<'_> {
        Presented::by_header(request, "authorization")
    }

    fn authenticate(&self, request: &RequestHead<'_>, now: Moment) -> Attempt {
        let mut lines = request.header_lines("authorization");
        let ticket = match (lines.next().and_then(ticket), lines.next()) {
            // The request has no ticket. Credentials of another scheme are left to other authenticators.
            (None, _) => return Attempt::Absent,
            (Some(_), Some(_)) => {
                return Attempt::Refused(Refusal::invalid_request("several credentials"));
            }
            (Some(ticket), None) => String::from_utf8_lossy(ticket).into_owned(),
        };
        let seen = self.seen.read().unwrap_or_else(PoisonError::into_inner).get(&ticket).cloned();
        match seen {
            Some(caller) if caller.expires_at() > Some(now.into()) => Attempt::Accepted(caller),
            Some(_) => Attempt::Refused(Refusal::invalid_token("the ticket has expired")),
            None => {
                let seen = Arc::clone(&self.seen);
                Attempt::Pending(Box::pin(async move {
                    let Some(caller) = ask_the_help_desk(&ticket, now).await else {
                        return Verdict::Refused(Refusal::invalid_token("no such ticket"));
                    };
                    let mut seen = seen.write().unwrap_or_else(PoisonError::into_inner);
                    seen.insert(ticket, caller.clone());
                    Verdict::Accepted(caller)
                }))
            }
        }
    }
}

/// The ticket of a header line. Names of schemes are case-insensitive (RFC 9110 section 11.1).
fn ticket(line: &[u8]) -> Option<&[u8]> {
    let (scheme, ticket) = line.split_at_checked(b"Ticket ".len())?;
    scheme.eq_ignore_ascii_case(b"Ticket ").then_some(ticket)
}

/// In place of a request over the network. Real tickets must be impossible to guess.
async fn ask_the_help_desk(ticket: &str, now: Moment) -> Option<Principal> {
    actix_web::rt::task::yield_now().await;
    let end = SystemTime::from(now) + Duration::from_secs(900);
    let caller = Principal::builder("sam").role("support").expires_at(end);
    (ticket == "4711").then(|| caller.build())
}

#[actix_web::main]
async fn main() -> io::Result<()> {
    let security = Security::builder()
        .authenticator("ticket", Tickets::default())
        // For development only; in production `Jwt::discover(…)` with your provider.
        .authenticator("jwt", Issuer::hs256().jwt())
        .build()
        .map_err(io::Error::other)?;
    let address = env::var("ADDR").unwrap_or_else(|_| String::from("127.0.0.1:8080"));
    println!("http://{address}\n{}", security.inventory());
    HttpServer::new(move || App::new().app_data(security.clone()).service(cases))
        .bind(address)?
        .run()
        .await
}

#[cfg(test)]
mod tests {
    use secure_runtime::Security;
    use secure_runtime::testing::{FakeClock, Issuer};
    use secure_tests::{Answer, TestServer};

    use super::{Duration, Tickets, cases};

    fn challenges(answer: &Answer) -> Vec<&str> {
        let lines = answer.headers.iter().filter(|(name, _)| name == "www-authenticate");
        lines.map(|(_, value)| value.as_str()).collect()
    }

    #[actix_web::test]
    async fn a_ticket_is_as_good_as_a_token() {
        let clock = FakeClock::new();
        let issuer = Issuer::hs256().clock(clock.clone());
        let security = Security::builder()
            .clock(clock.clone())
            .authenticator("ticket", Tickets::default())
            .authenticator("jwt", issuer.jwt())
            .build()
            .unwrap();
        let server = TestServer::start(&security, || secure_runtime::scope("").service(cases));
        let send = async |credentials: &[&str]| server.get("/cases", credentials).await;

        // The first one is looked up; the second one is in the cache.
        for ticket in ["Authorization: Ticket 4711", "Authorization: ticket 4711"] {
            assert_eq!(send(&[ticket]).await.body, "the cases of sam");
        }
        let token = format!("Authorization: Bearer {}", issuer.token("ada").role("support").sign());
        assert_eq!(send(&[&token]).await.body, "the cases of ada");

        let both = ["Ticket realm=\"help desk\"", "Bearer realm=\"api\""];
        for credentials in [&[][..], &["Authorization: Ticket 4712"]] {
            let refused = send(credentials).await;
            refused.problem(401);
            assert_eq!(challenges(&refused), both);
        }
        send(&["Authorization: Ticket 4711", &token]).await.problem(400);
        clock.advance(Duration::from_secs(900));
        send(&["Authorization: Ticket 4711"]).await.problem(401);
    }
}
