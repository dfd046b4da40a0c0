use secure_runtime::secure;

#[secure(roles = "admin")]
mod handlers {} //~ ERROR expects an `async fn`

fn main() {}
