//! Generic handlers, without a route attribute.

use actix_web::{FromRequest, Responder, web};
use secure_runtime::{route, secure};

trait Repository {
    fn name(&self) -> String;
}

struct Memory;

impl Repository for Memory {
    fn name(&self) -> String {
        String::from("memory")
    }
}

#[secure(roles = "admin")]
async fn bounded<T: Repository + 'static>(repository: web::Data<T>) -> impl Responder {
    repository.name()
}

#[secure(roles = "admin", rate = "1/s")]
async fn clause<'a, T, const N: usize>(repository: web::Data<T>) -> String
where
    T: Repository + 'static,
    &'a str: Sized,
{
    format!("{}{N}", repository.name())
}

#[secure(auth = optional)]
async fn extracts<E: FromRequest + 'static>(extractor: E) -> &'static str {
    drop(extractor);
    ""
}

#[secure(validate(order), roles = "customer")]
async fn validates<T>(order: web::Json<T>) -> &'static str
where
    T: serde::de::DeserializeOwned + validator::Validate + 'static,
{
    drop(order);
    ""
}

#[derive(serde::Deserialize, validator::Validate)]
struct NewOrder {}

struct Api;

impl Api {
    /// An item inside the body has its own `Self`.
    #[secure(roles = "admin")]
    async fn associated() -> &'static str {
        struct Inner(&'static str);
        impl Inner {
            fn new() -> Self {
                Self("")
            }
        }
        Inner::new().0
    }

    #[secure(roles = "admin")]
    async fn associated_and_generic<T: Repository + 'static>(repository: web::Data<T>) -> String {
        repository.name()
    }
}

#[test]
fn accepted() {
    let _ = actix_web::App::new()
        .route("/bounded", web::get().to(bounded::<Memory>))
        .route("/clause", web::get().to(clause::<Memory, 3>))
        .route("/extracts", web::get().to(extracts::<actix_web::HttpRequest>))
        .route("/validates", web::post().to(validates::<NewOrder>))
        .route("/associated", web::get().to(Api::associated))
        .route("/both", web::get().to(Api::associated_and_generic::<Memory>));
}

#[test]
fn accepted_by_the_secure_scope() {
    let stored = Api::associated;
    let _ = secure_runtime::scope("")
        .route("/bounded", route::get().to(bounded::<Memory>))
        .route("/clause", route::get().to(clause::<Memory, 3>))
        .route("/extracts", route::get().to(extracts::<actix_web::HttpRequest>))
        .route("/validates", route::post().to(validates::<NewOrder>))
        .route("/associated", route::get().to(stored))
        .route("/both", route::get().to(Api::associated_and_generic::<Memory>));
}
