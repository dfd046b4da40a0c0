//! What `#[secure(role = "admin")]` expands to.

#[get("/users")]
fn list_users(
    __incoming: ::secure_runtime::__private::Routed<'_>,
) -> ::secure_runtime::__private::Served {
    #[allow(dead_code, unused, non_local_definitions)]
    const _: () = {
        async fn list_users(caller: Principal) -> web::Json<Vec<User>> {
            web::Json(Vec::new())
        }
    };
    ::secure_runtime::__private::never()
}
impl ::secure_runtime::SecuredService for list_users {
    const POLICED: ::secure_runtime::__private::Policed = ::secure_runtime::__private::Policed::BY_THE_ATTRIBUTE;
}
::core::compile_error! {
    "unknown key `role`\n= help: did you mean `roles`?"
}
