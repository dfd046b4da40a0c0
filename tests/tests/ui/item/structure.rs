use secure_runtime::secure;

#[secure(roles = "admin")]
struct Handler; //~ ERROR expects an `async fn`

fn main() {}
