use secure_runtime::secure;
struct Handlers;
#[secure(roles = "admin")]
impl Handlers {} //~ ERROR expects an `async fn`

fn main() {}
