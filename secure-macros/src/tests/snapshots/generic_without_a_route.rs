//! What `#[secure(auth = all(mtls, jwt), crate = crate::security)]` expands to.

/// Documented.
#[allow(unused)]
fn load<T: Store + 'static>(
    __request: crate::security::__private::HttpRequest,
    __payload: crate::security::__private::Payload,
) -> impl ::core::future::Future<Output = crate::security::SecuredResponse>
where
    T: Clone,
{
    #[tracing::instrument]
    async fn load<T: Store + 'static>(store: web::Data<T>) -> String
    where
        T: Clone,
    {
        store.load()
    }
    let __endpoint = {
        use crate::security::__private as secure;
        secure::ENDPOINTS! {
            #![linkme_macro = secure::ENDPOINTS] static ENDPOINT : secure::Endpoint =
            secure::Endpoint::new(("load", ::core::module_path!(), ::core::file!(),
            ::core::line!()), & [], secure::Policy::AUTHENTICATED
            .access(secure::Access::Authenticated(secure::Authenticators::All(& ["mtls",
            "jwt"]))));
        }
        &ENDPOINT
    };
    crate::security::__private::serve(__endpoint, __request, __payload, load::<T>)
}
