//! What `#[secure(roles = any("customer", "clerk"), rate = "100/h", validate(order), max_body = "64KiB")]` expands to.

#[post("/shops/{shop}/orders")]
pub fn place_order(
    __incoming: ::secure_runtime::__private::Routed<'_>,
) -> ::secure_runtime::__private::Served {
    async fn place_order(
        shop: web::Path<u32>,
        order: web::Json<NewOrder>,
    ) -> impl Responder {
        place(shop, order).await
    }
    let __endpoint = ::secure_runtime::__private::endpoint!(
        "place_order",
        r#"{"routes":[["/shops/{shop}/orders","POST"]],"rule":{"any":[{"role":"customer"},{"role":"clerk"}]},"limits":[{"rate":[100,3600]}],"max_body":65536,"bodies":2,"validates":["order"]}"#
    );
    ::secure_runtime::__private::serve(
        ::secure_runtime::__private::arrive(
            __endpoint,
            __incoming.0,
            ::secure_runtime::__private::check::<
                web::Json<NewOrder>,
                1,
                ::secure_runtime::__private::All2<web::Path<u32>, web::Json<NewOrder>>,
                _,
            >,
        ),
        place_order,
    )
}
impl ::secure_runtime::SecuredService for place_order {
    const POLICED: ::secure_runtime::__private::Policed = ::secure_runtime::__private::Policed::with(
        &[("/shops/{shop}/orders", "place_order", &["POST"])],
    );
}
