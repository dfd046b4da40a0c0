use secure_runtime::{resource, secure};

#[secure(public)]
async fn health() -> &'static str {
    ""
}

async fn open() -> &'static str {
    ""
}

fn main() {
    let _ = resource("/x").get(health).post(open); //~ ERROR this handler has no security policy
}
