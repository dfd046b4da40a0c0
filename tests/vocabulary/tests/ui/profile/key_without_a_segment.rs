use actix_web::{Error, HttpRequest, get};
use secure_runtime::{Granted, Resource, secure};

struct Order {
    owner: String,
}

impl Resource for Order {
    type Key = u64;

    async fn load(_: u64, _: &HttpRequest) -> Result<Option<Self>, Error> {
        Ok(None)
    }
}

#[secure(rate = "10/s", allow = order.owner == caller.subject())]
#[get("/order")]
async fn order(order: Granted<Order>) -> String { //~ ERROR `/order` has no segment that names the resource
    order.owner.clone()
}

fn main() {}
