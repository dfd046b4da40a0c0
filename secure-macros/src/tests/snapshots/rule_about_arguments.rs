//! What `#[secure(allow = role("admin") || (address in "10.0.0.0/8" && order.shop == **shop), check = crate::is_open, validate(order), hide)]` expands to.

#[post("/shops/{shop}/orders")]
pub fn place_order(
    __incoming: ::secure_runtime::__private::Routed<'_>,
) -> ::secure_runtime::__private::Served {
    {
        let __answers = async |
            __question: u8,
            __asked: &::secure_runtime::__private::Asked<'_>,
            __arguments: &::secure_runtime::__private::All2<
                web::Path<u32>,
                web::Json<NewOrder>,
            >,
        | -> ::core::result::Result<
            ::core::option::Option<bool>,
            ::secure_runtime::__private::Error,
        > {
            match __question {
                0u8 => {
                    #[allow(unused_variables)]
                    let (
                        ::core::option::Option::Some(shop),
                        ::core::option::Option::Some(order),
                    ) = __arguments else { return __asked.misled() };
                    let __holds: bool = order.shop == **shop;
                    ::core::result::Result::Ok(::core::option::Option::Some(__holds))
                }
                1u8 => {
                    ::secure_runtime::__private::check_arguments(
                            crate::is_open,
                            __asked.caller()?,
                            __arguments,
                        )
                        .await
                        .map_err(::core::convert::Into::into)
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
        r#"{"routes":[["/shops/{shop}/orders","POST"]],"rule":{"all":[{"any":[{"role":"admin"},{"all":[{"address":["10.0.0.0/8"]},{"expression":[0,"body","order.shop == **shop"]}]}]},{"expression":[1,"arguments_or_body","check crate::is_open"]}]},"hides":true,"bodies":2,"validates":["order"]}"#
    );
    ::secure_runtime::__private::serve_ruled(
        __endpoint,
        __incoming.0,
        place_order,
        ::secure_runtime::__private::check::<
            web::Json<NewOrder>,
            1,
            ::secure_runtime::__private::All2<web::Path<u32>, web::Json<NewOrder>>,
            _,
        >,
        __answers,
    )
}
impl ::secure_runtime::SecuredService for place_order {
    const POLICED: ::secure_runtime::__private::Policed = ::secure_runtime::__private::Policed::with(
        &[("/shops/{shop}/orders", "place_order", &["POST"])],
    );
}
