use secure_runtime::secure;

#[secure(roles = "admin")]
trait Handlers {} //~ ERROR expects an `async fn`

fn main() {}
