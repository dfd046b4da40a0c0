use actix_web::web;
use secure_runtime::secure;

type Amount = web::Json<u32>;

#[secure]
async fn handler<T: 'static>(amount: Amount, _: web::Data<T>) -> String { //~ ERROR `amount` holds a request body
    amount.to_string()
}

fn main() {}
