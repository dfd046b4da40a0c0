//! Every route attribute of actix-web, by every path, above and below `#[secure]`.
#![deny(warnings)]

use actix_web::{HttpResponse, delete, get, head, options, patch, post, put, route, routes, trace};
use secure_runtime::{SecuredService, secure};

macro_rules! each {
    ($($attribute:ident),*) => {$(
        mod $attribute {
            use actix_web::HttpResponse;
            use secure_runtime::secure;

            #[secure]
            #[actix_web::$attribute("/")]
            pub async fn handler() -> HttpResponse {
                HttpResponse::Ok().finish()
            }
        }
        secured($attribute::handler);
    )*};
}

#[secure]
#[route("/both", method = "GET", method = "PURGE", name = "both")]
async fn both() -> HttpResponse {
    HttpResponse::Ok().finish()
}

#[secure(roles = "admin")]
#[routes]
#[get("/one")]
#[post("/two")]
async fn several() -> HttpResponse {
    HttpResponse::Ok().finish()
}

#[secure(roles = "admin")]
#[::actix_web::get("/path")]
async fn qualified() -> HttpResponse {
    HttpResponse::Ok().finish()
}

#[get("/below")]
#[secure(roles = "admin")]
async fn below() -> HttpResponse {
    HttpResponse::Ok().finish()
}

#[secure]
#[cfg_attr(all(), get("/conditional"))]
async fn conditional() -> HttpResponse {
    HttpResponse::Ok().finish()
}

#[secure]
#[cfg(any())]
#[get("/never")]
async fn never() -> Never {}

#[secure]
#[post("/posted")]
async fn posted() -> HttpResponse {
    HttpResponse::Ok().finish()
}

fn secured(_: impl SecuredService) {}

#[test]
fn accepted() {
    #[delete("/")]
    #[secure]
    async fn in_a_body() -> HttpResponse {
        HttpResponse::Ok().finish()
    }

    #[secure]
    #[put("/")]
    async fn secured_in_a_body() -> HttpResponse {
        HttpResponse::Ok().finish()
    }

    each!(get, post, put, patch, delete, head, options, query, trace, connect);
    secured(both);
    secured(several);
    secured(qualified);
    secured(conditional);
    secured(secured_in_a_body);
    let _ = actix_web::App::new().service(below).service(in_a_body);
    secured(a);
    secured(b);
    secured(c);
    secured(d);
    secured(posted);
}

#[secure]
#[head("/")]
async fn a() -> HttpResponse {
    HttpResponse::Ok().finish()
}

#[secure]
#[options("/")]
async fn b() -> HttpResponse {
    HttpResponse::Ok().finish()
}

#[secure]
#[patch("/")]
async fn c() -> HttpResponse {
    HttpResponse::Ok().finish()
}

#[secure]
#[trace("/")]
async fn d() -> HttpResponse {
    HttpResponse::Ok().finish()
}
