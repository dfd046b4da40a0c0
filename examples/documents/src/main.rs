//! A document store with access rules for each document.
//!
//! - The document of the path is loaded once; the rule and the handler use the same value.
//! - With `hide`, a refused caller gets 404, so a hidden document cannot be distinguished from a missing one.
//! - `Store::delete` takes a `Granted<Document>`, which a handler gets only after the rule has passed.
//!
//! Run `cargo run -p documents`; it prints the inventory (the rules of each endpoint) and Ada's token.
//! Requests to try:
//!
//! - `curl -H 'Authorization: Bearer TOKEN' http://127.0.0.1:8080/api/documents/7`: 200;
//! - the same with `/api/documents/8`: 404, there is none;
//! - the first with `-X DELETE`: 200, because Ada is the owner.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::{env, io};

use actix_web::dev::HttpServiceFactory;
use actix_web::error::ErrorServiceUnavailable;
use actix_web::{App, Error, HttpRequest, HttpServer, delete, get};
use secure_runtime::testing::Issuer;
use secure_runtime::{Granted, Loaded, Resource, Security, scope, secure};

#[derive(Clone)]
struct Document {
    id: u32,
    owner: String,
    readers: Vec<String>,
    text: String,
}

impl Resource for Document {
    type Key = u32;

    async fn load(id: u32, request: &HttpRequest) -> Result<Option<Self>, Error> {
        let store = request.app_data::<Store>().ok_or_else(|| ErrorServiceUnavailable(""))?;
        Ok(store.find(id))
    }
}

impl Document {
    fn is_read_by(&self, subject: &str) -> bool {
        self.owner == subject || self.readers.iter().any(|reader| reader == subject)
    }
}

#[derive(Clone, Default)]
struct Store(Arc<Mutex<BTreeMap<u32, Document>>>);

impl Store {
    fn find(&self, id: u32) -> Option<Document> {
        self.0.lock().ok()?.get(&id).cloned()
    }

    /// Takes `Granted`, so that only a document whose rule has passed can be deleted.
    fn delete(&self, document: &Granted<Document>) {
        if let Ok(mut documents) = self.0.lock() {
            documents.remove(&document.id);
        }
    }
}

/// For readers and the owner. Others get 404, so they do not learn that the document exists.
#[secure(allow = document.is_read_by(caller.subject()), hide, rate = "100/h")]
#[get("/documents/{id}")]
async fn read(document: Loaded<Document>) -> String {
    document.text.clone()
}

/// For the owner and admins. Without `hide` others get 403, which reveals that the document exists.
#[secure(allow = document.owner == caller.subject() || role("admin"), rate = "10/h")]
#[delete("/documents/{id}")]
async fn remove(document: Granted<Document>, request: HttpRequest) -> Result<&'static str, Error> {
    let store = request.app_data::<Store>().ok_or_else(|| ErrorServiceUnavailable(""))?;
    store.delete(&document);
    Ok("gone")
}

fn api() -> impl HttpServiceFactory {
    scope("/api").service(read).service(remove)
}

fn store() -> Store {
    let store = Store::default();
    if let Ok(mut documents) = store.0.lock() {
        let readers = vec![String::from("bob")];
        let (owner, text) = (String::from("ada"), String::from("Dear Bob"));
        documents.insert(7, Document { id: 7, owner, readers, text });
    }
    store
}

#[actix_web::main]
async fn main() -> io::Result<()> {
    // For development only; in production `Jwt::rs256(public_key)` with your provider's key.
    let issuer = Issuer::hs256();
    let security =
        Security::builder().authenticator("jwt", issuer.jwt()).build().map_err(io::Error::other)?;
    println!("{}", security.inventory());
    println!("Ada's token: {}", issuer.token("ada").sign());
    let store = store();
    let address = env::var("ADDR").unwrap_or_else(|_| String::from("127.0.0.1:8080"));
    HttpServer::new(move || {
        App::new().app_data(security.clone()).app_data(store.clone()).service(api())
    })
    .bind(address)?
    .run()
    .await
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use actix_web::App;
    use secure_runtime::testing::{TestSecurity, granted};
    use secure_tests::{Answer, TestServer};

    use super::{api, store};

    #[actix_web::test]
    async fn strangers_cannot_tell_a_hidden_document_from_none() {
        let TestSecurity { security, issuer, .. } = TestSecurity::new().unwrap();
        let store = store();
        let server = TestServer::run(move || {
            App::new().app_data(security.clone()).app_data(store.clone()).service(api())
        });
        let call = async |method: &str, path: &str, caller: &str| -> Answer {
            let bearer = format!("Authorization: Bearer {}", issuer.token(caller).sign());
            server.send(method, path, &[&bearer], "").await
        };
        for (caller, expected) in [("ada", 200), ("bob", 200), ("eve", 404)] {
            assert_eq!(call("GET", "/api/documents/7", caller).await.status, expected, "{caller}");
        }
        let (hidden, missing) = (
            call("GET", "/api/documents/7", "mallory").await,
            call("GET", "/api/documents/8", "mallory2").await,
        );
        let shown = |answer: &Answer| {
            let headers = answer.headers.iter().filter(|(name, _)| name != "date");
            (answer.status, answer.body.clone(), headers.cloned().collect::<BTreeMap<_, _>>())
        };
        assert_eq!(shown(&hidden), shown(&missing));

        assert_eq!(call("DELETE", "/api/documents/7", "bob").await.status, 403);
        assert_eq!(call("DELETE", "/api/documents/7", "ada").await.status, 200);
        assert_eq!(call("DELETE", "/api/documents/7", "ada").await.status, 404);
    }

    #[test]
    fn a_test_says_that_it_grants() {
        let store = store();
        store.delete(&granted(store.find(7).unwrap()));
        assert!(store.find(7).is_none());
    }
}
