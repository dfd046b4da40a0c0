//! A client's request, written as HTTP/1.1 or HTTP/2.

use actix_web::web::Bytes;

/// A request and its caller.
#[derive(Clone)]
pub(crate) struct Request {
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) token: Option<String>,
    pub(crate) body: Option<String>,
}

impl Request {
    pub(crate) fn get(path: impl Into<String>) -> Self {
        Self { method: "GET", path: path.into(), token: None, body: None }
    }

    /// A `POST` request with JSON.
    pub(crate) fn post(path: &str, body: impl Into<String>) -> Self {
        Self { method: "POST", path: path.to_owned(), token: None, body: Some(body.into()) }
    }

    pub(crate) fn by(self, token: String) -> Self {
        Self { token: Some(token), ..self }
    }

    /// The head for HTTP/1.1, without the final empty line; the caller adds the headers about the body.
    pub(crate) fn head(&self) -> String {
        let token = self.token.iter().map(|token| format!("authorization: Bearer {token}\r\n"));
        let kind = self.body.iter().map(|_| "content-type: application/json\r\n".to_owned());
        let lines: String = token.chain(kind).collect();
        format!("{} {} HTTP/1.1\r\nhost: localhost\r\n{lines}", self.method, self.path)
    }

    /// The whole request for HTTP/1.1.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let body = self.body.as_deref().unwrap_or_default();
        let length = self.body.iter().map(|body| format!("content-length: {}\r\n", body.len()));
        format!("{}{}\r\n{body}", self.head(), length.collect::<String>()).into_bytes()
    }

    /// The head for HTTP/2.
    pub(crate) fn http2(&self) -> http::Request<()> {
        let request = http::Request::builder().method(self.method);
        let mut request = request.uri(format!("http://localhost{}", self.path));
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        if self.body.is_some() {
            request = request.header("content-type", "application/json");
        }
        request.body(()).expect("a request")
    }

    pub(crate) fn body(&self) -> Option<Bytes> {
        self.body.clone().map(Bytes::from)
    }
}
