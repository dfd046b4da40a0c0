//! What `#[secure(allow = role("admin") || (address in "10.0.0.0/8" && order.shop == **shop), check = crate::is_open, validate(order), hide)]` expands to.

#[post("/shops/{shop}/orders")]
pub fn place_order(
    __incoming: ::secure_runtime::__private::Incoming,
) -> ::secure_runtime::__private::Served {
    {
        let __answers = async |
            __question: u8,
            __asked: &::secure_runtime::__private::Asked<'_>,
            __arguments: ::core::option::Option<&(web::Path<u32>, web::Json<NewOrder>)>,
        | -> ::core::result::Result<bool, ::secure_runtime::__private::Error> {
            match (__question, __arguments) {
                (0u8, ::core::option::Option::Some(__arguments)) => {
                    #[allow(unused_variables)]
                    let (shop, order) = __arguments;
                    let __holds: bool = order.shop == **shop;
                    ::core::result::Result::Ok(__holds)
                }
                (1u8, ::core::option::Option::Some(__arguments)) => {
                    let __holds: bool = ::secure_runtime::__private::check_arguments(
                            crate::is_open,
                            __asked.caller()?,
                            __arguments,
                        )
                        .await?;
                    ::core::result::Result::Ok(__holds)
                }
                _ => __asked.misled(),
            }
        };
    }
    async fn place_order(
        #[allow(unused_variables)]
        shop: web::Path<u32>,
        #[allow(unused_variables)]
        order: web::Json<NewOrder>,
    ) -> impl Responder {
        place(shop, order).await
    }
    let __endpoint = ::secure_runtime::__private::endpoint!(
        "place_order",
        r#"{"routes":[["/shops/{shop}/orders","POST"]],"rule":{"all":[{"any":[{"role":"admin"},{"all":[{"address":["10.0.0.0/8"]},{"expression":[0,true,"order.shop == **shop"]}]}]},{"expression":[1,true,"check crate::is_open"]}]},"hides":true,"validates":["order"]}"#
    );
    ::secure_runtime::__private::serve_ruled(
        __endpoint,
        __incoming,
        place_order,
        ::secure_runtime::__private::check::<
            web::Json<NewOrder>,
            1,
            (web::Path<u32>, web::Json<NewOrder>),
        >,
        __answers,
    )
}
impl ::secure_runtime::SecuredService for place_order {
    const POLICED: ::secure_runtime::__private::Policed = ::secure_runtime::__private::Policed::BY_THE_ATTRIBUTE;
}
