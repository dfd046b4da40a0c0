//! Rules without the prelude, in generic handlers, with names that the expansion might use, and with body types
//! behind an alias.
#![no_implicit_prelude]
#![deny(warnings)]

use ::actix_web;
use ::actix_web::web;
use ::secure_runtime::{Denial, Granted, Loaded, Principal, Resource, secure};
use ::std::option::Option;
use ::std::result::Result;
use ::std::string::String;

struct Document {
    owner: String,
}

impl Resource for Document {
    type Key = u32;

    async fn load(
        _: u32,
        _: &::actix_web::HttpRequest,
    ) -> Result<Option<Self>, ::actix_web::Error> {
        Result::Ok(Option::None)
    }
}

async fn is_small(_: &Principal, id: &web::Path<u32>) -> Result<(), Denial> {
    let denial = || Denial::new(::secure_runtime::DenialKind::Forbidden, "too large");
    if **id < 2 { Result::Ok(()) } else { Result::Err(denial()) }
}

#[secure(allow = document.owner == caller.subject() || role("admin"), check = is_small, hide)]
#[::actix_web::get("/loaded/{id}")]
async fn loaded(document: Loaded<Document>, id: web::Path<u32>) -> String {
    document.into_inner().owner
}

/// A cost that reads the request if the resource is hidden, and the resource otherwise.
#[secure(
    allow = document.owner == caller.subject(),
    hide,
    rate("100/h", cost = **size),
    rate("200/h", by = address, cost = response),
)]
#[::actix_web::get("/hidden/{id}")]
async fn hidden(document: Loaded<Document>, size: web::Query<u32>) -> String {
    let _ = size;
    document.into_inner().owner
}

#[secure(
    allow = document.owner == caller.subject(),
    rate("100/h", cost = document.owner.len() as u32),
)]
#[::actix_web::get("/shown/{id}")]
async fn shown(document: Loaded<Document>) -> String {
    document.into_inner().owner
}

#[secure(allow = document.owner == caller.subject() && document.owner.len() < 9)]
#[::actix_web::get("/granted/{id}")]
async fn granted(document: Granted<Document>) -> String {
    document.into_inner().owner
}

#[secure(
    allow = **question == 1 && **holds > 2 && ***r#type < 3 && !request.path().is_empty(),
    check = is_small(question),
    objects = any,
)]
#[::actix_web::get("/shadowed/{id}")]
async fn shadowed(
    question: web::Path<u32>,
    holds: web::Query<u32>,
    r#type: web::Data<u32>,
    asked: web::Data<u8>,
    arguments: web::Data<u16>,
    caller: Principal,
    request: ::actix_web::HttpRequest,
) -> &'static str {
    let _ = (asked, arguments, caller, request);
    ""
}

#[secure(allow = ***data == T::default() || address in "127.0.0.1")]
async fn generic<T: ::std::cmp::PartialEq + ::std::default::Default + 'static>(
    data: web::Data<T>,
) -> &'static str {
    ""
}

type Number = web::Json<Amount>;

#[derive(::serde::Deserialize, ::validator::Validate)]
struct Amount {
    cents: u32,
}

#[secure(validate(amount), allow = amount.cents > 0 && number.cents < 7, unvalidated(number, reason = "ours"))]
#[::actix_web::post("/aliased")]
async fn aliased(amount: Number, number: Number) -> &'static str {
    ""
}

/// Expressions of every form.
#[secure(allow = match **id {
    0 => false,
    1..=9 => caller.claims::<Amount>().is_ok_and(|claims| claims.cents > **id),
    _ => {
        let limit = if let Option::Some(tenant) = caller.tenant() { tenant.len() } else { 0 };
        limit > 3 || ::std::matches!(request.method().as_str(), "GET" | "HEAD")
    }
}
    && !{ caller.has_scope("none") }
    && Option::Some(90).is_some_and(|limit: u32| **id < limit)
    && ::std::convert::identity::<bool>(**id < 5 || **id != 7)
    && ::std::format!("{id}") != "13"
    && ::std::future::ready(**id > 1).await
    && <u32 as ::std::str::FromStr>::from_str(caller.subject()).map_err(::actix_web::error::ErrorNotFound)? > 4)]
#[::actix_web::get("/shapes/{id}")]
async fn shapes(id: web::Path<u32>) -> &'static str {
    ""
}

macro_rules! is_in {
    ($one:ident in $all:expr) => {
        $all.contains(&**$one)
    };
}

fn differ<A: 'static, B: 'static>() -> bool {
    ::std::any::TypeId::of::<A>() != ::std::any::TypeId::of::<B>()
}

/// Keywords of the attribute inside other macros, commas between types, names in strings.
#[secure(allow = is_in!(id in [1, 2, 3])
    && differ::<u8, ::std::option::Option<u16>>()
    && Option::Some(4).is_some_and(|id: u32| id > 3)
    && ::std::format!("{caller:?}") != ::std::format!("{request:?}")
    && (role("a",) || !address in "10.0.0.0/8")
    && (**id as u64) < 5)]
#[::actix_web::get("/others/{id}")]
async fn others(id: web::Path<u32>) -> &'static str {
    ""
}

/// The macro inspects the value that a variable of a rule is bound to; the variable's name does not matter.
#[secure(allow = { let id = **id; id == 3 || id == 5 }
    && if let Option::Some(id) = Option::Some(&id) { ***id > 2 } else { false })]
#[::actix_web::get("/bound/{id}")]
async fn bound(id: web::Path<u32>) -> &'static str {
    ""
}

/// The name is used again, next to an inner scope that binds it.
#[secure(allow = Option::Some(id).is_some_and(|id| **id == 3) || { let seen = **id; seen > 4 })]
#[::actix_web::get("/again/{id}")]
async fn again(id: web::Path<u32>) -> &'static str {
    ""
}

struct Call {
    caller: u32,
}

#[secure(public, allow = call.caller == 3)]
#[::actix_web::get("/called")]
async fn called(call: web::Data<Call>) -> &'static str {
    ""
}

#[secure(allow = role("support") || caller.tenant() == Option::Some("acme"))]
#[::actix_web::get("/objects/for/some/{id}")]
async fn for_some(id: web::Path<u32>) -> String {
    ::std::string::ToString::to_string(&id)
}

#[test]
fn accepted() {
    let _ = ::actix_web::App::new()
        .service((loaded, granted, shadowed, aliased, shapes, others, called, for_some))
        .service((bound, again))
        .route("/generic", web::get().to(generic::<u8>));
}
