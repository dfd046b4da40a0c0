//! The route without any security: the baseline that is subtracted from the others.

use actix_web::body::MessageBody;
use actix_web::dev::{Service, ServiceResponse};
use actix_web::{App, Error, post, test, web};

use crate::drive::JSON_LIMIT;
use crate::order::{NewOrder, Receipt};

#[post("/orders")]
async fn place_order(order: web::Json<NewOrder>) -> web::Json<Receipt> {
    web::Json(order.into_inner().into())
}

/// The application.
pub async fn application()
-> impl Service<actix_http::Request, Response = ServiceResponse<impl MessageBody>, Error = Error> {
    test::init_service(
        App::new()
            .app_data(web::JsonConfig::default().limit(JSON_LIMIT))
            .service(web::scope("/api").service(place_order)),
    )
    .await
}
