//! The startup checks apply to the policy of the file.
use actix_web::get;
use secure_runtime::secure;

#[secure]
#[get("/orders")]
async fn orders() -> &'static str {
    "orders"
}

fn main() {
    let inventory = secure_runtime::inventory();
    let row = inventory.rows().first().unwrap();
    assert_eq!(row.rule, "role(\"staff\")");
    assert_eq!(row.layers, ["secure.toml policies_of_files/**: roles = \"staff\"", "attribute"]);
    let _ = actix_web::App::new().service(orders);
}
