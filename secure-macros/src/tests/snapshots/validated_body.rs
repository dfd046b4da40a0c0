//! What `#[secure(roles = any("customer", "clerk"), rate = "100/h", validate(order), max_body = "64KiB")]` expands to.

#[post("/shops/{shop}/orders")]
pub fn place_order(
    __request: ::secure_runtime::__private::HttpRequest,
    __payload: ::secure_runtime::__private::Payload,
) -> impl ::core::future::Future<Output = ::secure_runtime::SecuredResponse> {
    async fn place_order(
        shop: web::Path<u32>,
        order: web::Json<NewOrder>,
    ) -> impl Responder {
        place(shop, order).await
    }
    let __endpoint = ::secure_runtime::__private::endpoint!(
        "place_order", [secure::Route { methods : & ["POST"], path :
        "/shops/{shop}/orders" }], secure::Policy::AUTHENTICATED.rule(secure::Rule::Any(&
        [secure::Rule::Role("customer"), secure::Rule::Role("clerk")])).limits(&
        [secure::limit((100u32, 3600u32, 100u32, 1u32), secure::Partition::Caller,
        secure::Audience::Everyone,)]).max_body(65536u64).validates(& ["order"])
    );
    ::secure_runtime::__private::serve_validated(
        __endpoint,
        __request,
        __payload,
        place_order,
        |__arguments: &(web::Path<u32>, web::Json<NewOrder>), __violations| {
            ::secure_runtime::__private::check(&__arguments.1, __violations);
        },
    )
}
impl ::secure_runtime::SecuredService for place_order {
    const POLICED: ::secure_runtime::__private::Policed = ::secure_runtime::__private::Policed::BY_THE_ATTRIBUTE;
}
