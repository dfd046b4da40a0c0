use std::future::Future;
use std::pin::Pin;

use secure_runtime::secure;

type Boxed<'a> = Box<dyn Future<Output = &'static str> + Send + 'a>;

trait Handlers {
    fn list<'async_trait>() -> Pin<Boxed<'async_trait>>;
}

struct Users;

impl Handlers for Users {
    #[secure(roles = "admin")]
    fn list<'async_trait>() -> Pin<Boxed<'async_trait>> { //~ ERROR found a `fn` that returns a boxed future
        Box::pin(async move { "" })
    }
}

fn main() {
    drop(Users::list());
}
