//! Handlers that a macro generates.

macro_rules! handler {
    ($name:ident, $path:literal) => {
        #[secure_runtime::secure]
        #[actix_web::get($path)]
        pub async fn $name() -> &'static str {
            stringify!($name)
        }
    };
}
pub(crate) use handler;
