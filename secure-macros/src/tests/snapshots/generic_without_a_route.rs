//! What `#[secure(auth = all(mtls, jwt), crate = crate::security)]` expands to.

/// Documented.
#[allow(unused)]
fn load<T: Store + 'static>(
    __incoming: crate::security::__private::Routed<'_>,
) -> crate::security::__private::Served
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
        "load", r#"{"access":{"authenticated":{"all":["mtls","jwt"]}}}"#
    );
    crate::security::__private::serve(
        crate::security::__private::arrive(
            __endpoint,
            __incoming.0,
            crate::security::__private::unchecked::<
                crate::security::__private::All1<web::Data<T>>,
            >,
        ),
        load::<T>,
    )
}
