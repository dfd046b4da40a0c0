use secure_runtime::secure;

#[secure(roles = "admin")]
const HANDLER: u32 = 1; //~ ERROR expects an `async fn`

fn main() {}
