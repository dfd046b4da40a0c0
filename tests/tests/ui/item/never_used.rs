#![deny(dead_code)]

use secure_runtime::secure;

#[secure(roles = "admin")]
async fn handler() -> &'static str { //~ ERROR function `handler` is never used
    ""
}

fn main() {}
