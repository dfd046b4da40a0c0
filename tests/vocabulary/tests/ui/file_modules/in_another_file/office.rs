use actix_web::get;

#[get("/desk")]
pub async fn desk() -> &'static str {
    "desk"
}
