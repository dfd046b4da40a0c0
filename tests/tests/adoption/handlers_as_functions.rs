//! Need: other code and unit tests can call a handler as a function, under a name that makes clear that no
//! policy is applied.
#![deny(warnings)]

use actix_web::{Responder, get, routes, web};
use secure_runtime::testing::Issuer;
use secure_runtime::{Principal, Security, route, secure};
use secure_tests::{TestServer, bearer};

trait Store: 'static {
    fn title(&self) -> String;
}

struct Memory(&'static str);

impl Store for Memory {
    fn title(&self) -> String {
        self.0.to_owned()
    }
}

/// The metadata of the handler.
#[secure(roles = "admin", callable)]
#[get("/users/{id}")]
async fn user(path: web::Path<u32>) -> Result<String, actix_web::Error> {
    match path.into_inner() {
        0 => Err(actix_web::error::ErrorNotFound("no user 0")),
        id => Ok(format!("user {id}")),
    }
}

#[secure(roles = "admin", callable, validate(title))]
#[routes]
#[post("/titles")]
#[post("/titles/new")]
async fn titles(title: web::Json<Title>) -> impl Responder {
    title.into_inner().title
}

#[derive(serde::Deserialize, validator::Validate)]
struct Title {
    #[validate(length(min = 3))]
    title: String,
}

#[secure(roles = "admin", callable)]
async fn stored<'a, T: Store, const N: usize>(store: web::Data<T>) -> String
where
    &'a str: Sized,
{
    format!("{}{N}", store.title())
}

#[secure(callable, roles = "admin")]
#[cfg_attr(any(), get("/never"))]
async fn not_a_service() -> &'static str {
    "a function"
}

#[secure(callable, roles = "admin")]
#[cfg_attr(all(), get("/always"))]
async fn a_service() -> &'static str {
    "a service"
}

#[cfg(any())]
#[secure(callable, roles = "admin")]
#[get("/compiled/away")]
async fn gone(missing: Missing) -> &'static str {
    "never"
}

/// Several handlers get it from their module.
#[secure(roles = "admin", callable)]
mod office {
    use actix_web::get;

    #[get("/rooms")]
    pub(super) async fn rooms() -> &'static str {
        "rooms"
    }

    pub mod deep {
        #[secure_runtime::secure]
        pub(in crate::handlers_as_functions) async fn desks() -> &'static str {
            "desks"
        }
    }
}

macro_rules! made {
    ($name:ident, $answer:literal) => {
        #[secure(roles = "admin", callable)]
        #[get("/made")]
        pub(crate) async fn $name(_caller: Option<Principal>) -> &'static str {
            $answer
        }
    };
}
made!(made, "made");

/// The handler that calls the others: an older version of an API.
#[secure(roles = "admin")]
#[get("/v1/users/{id}")]
async fn user_v1(path: web::Path<u32>) -> Result<String, actix_web::Error> {
    Ok(format!("v1: {}", user::without_policy(path).await?))
}

#[actix_web::test]
async fn the_function_below_the_attribute_is_called_with_its_own_arguments() {
    assert_eq!(user::without_policy(web::Path::from(7)).await.unwrap(), "user 7");
    assert!(user::without_policy(web::Path::from(0)).await.is_err());
    let title = web::Json(Title { title: String::new() });
    let request = actix_web::test::TestRequest::default().to_http_request();
    let response = titles::without_policy(title).await.respond_to(&request);
    assert_eq!(response.status(), 200, "nothing is validated either");
    let store = web::Data::new(Memory("m"));
    assert_eq!(stored::without_policy::<Memory, 3>(store).await, "m3");
    assert_eq!(not_a_service::without_policy().await, "a function");
    assert_eq!(a_service::without_policy().await, "a service");
    assert_eq!(office::rooms::without_policy().await, "rooms");
    assert_eq!(office::deep::desks::without_policy().await, "desks");
    assert_eq!(made::without_policy(None).await, "made");
}

#[actix_web::test]
async fn requests_still_pass_the_policy() {
    let issuer = Issuer::hs256();
    let security = Security::builder()
        .answers_for(module_path!())
        .authenticator("jwt", issuer.jwt())
        .build()
        .unwrap();
    let server = TestServer::start(&security, || {
        secure_runtime::scope("")
            .service(user)
            .service(user_v1)
            .service(titles)
            .service(a_service)
            .service(office::rooms)
            .service(made)
            .route("/stored", route::get().to(stored::<Memory, 1>))
            .route("/plain", route::get().to(not_a_service))
            .route("/desks", route::get().to(office::deep::desks))
            .app_data(web::Data::new(Memory("s")))
    });
    let admin = bearer(&issuer.token("ann").role("admin").sign());
    let other = bearer(&issuer.token("bob").role("user").sign());
    let paths =
        ["/users/7", "/v1/users/7", "/always", "/rooms", "/made", "/stored", "/plain", "/desks"];
    for path in paths {
        assert_eq!(server.get(path, &[]).await.status, 401, "{path}");
        assert_eq!(server.get(path, &[&other]).await.status, 403, "{path}");
        assert_eq!(server.get(path, &[&admin]).await.status, 200, "{path}");
    }
    assert_eq!(server.get("/v1/users/7", &[&admin]).await.body, "v1: user 7");
    let invalid = server.post_json("/titles", &[&admin], r#"{"title":""}"#).await;
    assert_eq!(invalid.status, 422);
    let valid = server.post_json("/titles/new", &[&admin], r#"{"title":"abc"}"#).await;
    assert_eq!((valid.status, valid.body.as_str()), (200, "abc"));
}

#[test]
fn the_inventory_lists_what_can_be_called_without_its_policy() {
    let inventory = secure_runtime::inventory();
    let here = |name: &str| {
        let handler = format!("{}::{name}", module_path!());
        inventory.rows().iter().find(|row| row.handler == handler).unwrap().callable
    };
    assert!(here("user") && here("stored") && here("office::rooms"));
    assert!(!here("user_v1"));
    let json = inventory.to_json();
    assert!(json.contains(r#""callable": true"#) && !json.contains(r#""callable": false"#));
}
