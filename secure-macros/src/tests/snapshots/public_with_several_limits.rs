//! What `#[secure(public, objects = any, rate(["10/s", "1000/h"], by = address), rate("100/s", by = endpoint), unvalidated(order, reason = "a draft"))]` expands to.

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
        r#"{"routes":[["/shops/{shop}/orders","POST"]],"access":"public","limits":[{"rate":[10,1],"by":"address"},{"rate":[1000,3600],"by":"address"},{"rate":[100,1],"by":"endpoint"}],"bodies":2,"unvalidated":[["order","a draft"]]}"#
    );
    ::secure_runtime::__private::serve(
        ::secure_runtime::__private::arrive(
            __endpoint,
            __incoming.0,
            ::secure_runtime::__private::unchecked::<
                ::secure_runtime::__private::All2<web::Path<u32>, web::Json<NewOrder>>,
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
