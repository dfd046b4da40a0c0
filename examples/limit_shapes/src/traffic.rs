//! Traffic: requests at a constant pace, and the times at which the endpoint served them.

use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::{App, test};
use secure_runtime::testing::TestSecurity;

use crate::endpoints::api;

/// Requests to one endpoint from one address; the callers take turns.
pub(crate) struct Traffic {
    pub(crate) path: &'static str,
    pub(crate) every_ms: u64,
    pub(crate) from_ms: u64,
    pub(crate) callers: usize,
    pub(crate) tier: Option<&'static str>,
}

impl Traffic {
    /// The times of the requests that the endpoint served, in milliseconds.
    pub(crate) async fn admitted(&self, until_ms: u64) -> Result<Vec<u64>, Box<dyn Error>> {
        let TestSecurity { security, issuer, clock, .. } = TestSecurity::new()?;
        let app = test::init_service(App::new().app_data(security).service(api())).await;
        let tokens: Vec<String> = (0..self.callers)
            .map(|number| {
                let token = issuer.token(format!("caller {number}"));
                let token = token.expires_in(Duration::from_secs(86_400));
                let token = self.tier.into_iter().fold(token, |token, tier| token.tier(tier));
                format!("Bearer {}", token.sign())
            })
            .collect();

        clock.advance(Duration::from_millis(self.from_ms));
        let mut admitted = Vec::new();
        let step = usize::try_from(self.every_ms)?;
        for (now, token) in (self.from_ms..until_ms).step_by(step).zip(tokens.iter().cycle()) {
            let request = test::TestRequest::get()
                .uri(self.path)
                .peer_addr(SocketAddr::from(([192, 0, 2, 1], 4711)))
                .insert_header(("authorization", token.as_str()));
            match test::call_service(&app, request.to_request()).await.status() {
                StatusCode::OK => admitted.push(now),
                StatusCode::TOO_MANY_REQUESTS => {}
                other => return Err(format!("{} answered {other}", self.path).into()),
            }
            clock.advance(Duration::from_millis(self.every_ms));
        }
        Ok(admitted)
    }
}
