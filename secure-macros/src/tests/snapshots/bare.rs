//! What `#[secure()]` expands to.

#[get("/users")]
fn list_users(
    __incoming: ::secure_runtime::__private::Routed<'_>,
) -> ::secure_runtime::__private::Served {
    async fn list_users(caller: Principal) -> web::Json<Vec<User>> {
        web::Json(Vec::new())
    }
    let __endpoint = ::secure_runtime::__private::endpoint!(
        "list_users", r#"{"routes":[["/users","GET"]]}"#
    );
    ::secure_runtime::__private::serve(
        ::secure_runtime::__private::arrive(
            __endpoint,
            __incoming.0,
            ::secure_runtime::__private::unchecked::<
                ::secure_runtime::__private::All1<Principal>,
            >,
        ),
        list_users,
    )
}
impl ::secure_runtime::SecuredService for list_users {
    const POLICED: ::secure_runtime::__private::Policed = ::secure_runtime::__private::Policed::with(
        &[("/users", "list_users", &["GET"])],
    );
}
