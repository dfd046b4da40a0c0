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
    let __endpoint = crate::security::__private::endpoint!(
        "load", [], secure::Policy::AUTHENTICATED
        .access(secure::Access::Authenticated(secure::Authenticators::All(& ["mtls",
        "jwt"])))
    );
    crate::security::__private::serve(__endpoint, __request, __payload, load::<T>)
}
