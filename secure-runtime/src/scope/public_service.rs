//! [`public_service!`](crate::public_service): services of other crates that register routes of
//! their own, in a secured scope.

use actix_web::dev::{AppService, HttpServiceFactory};

use super::{Policed, SecuredService};
use crate::inventory::PublicServiceRow;

/// A service without a policy, mounted with a reason. [`public_service!`](crate::public_service)
/// creates it.
#[derive(Debug)]
#[must_use = "a service does nothing until it is mounted"]
pub struct PublicService<S>(S);

impl<S> PublicService<S> {
    /// Only the macro calls it, because it adds the reason to the inventory.
    #[doc(hidden)]
    pub fn registered(_: &'static PublicServiceRow, service: S) -> Self {
        Self(service)
    }
}

impl<S: HttpServiceFactory> HttpServiceFactory for PublicService<S> {
    fn register(self, config: &mut AppService) {
        self.0.register(config);
    }
}

impl<S: HttpServiceFactory + 'static> SecuredService for PublicService<S> {
    const POLICED: Policed = Policed::BY_THE_ATTRIBUTE;
}

/// Mounts a service without a policy in a secured scope, and requires a reason. Use it for a
/// service of another crate that registers routes of its own, such as a page of documentation.
/// Anybody may call it. The inventory lists it with the reason.
///
/// A service that registers no routes of its own, such as `actix_files::Files`, can have a policy;
/// see [`Scope::service_behind`](crate::Scope::service_behind).
///
/// ```
/// use actix_web::web;
/// use secure_runtime::public_service;
///
/// # let documentation = || web::resource("/docs").to(|| async { "" });
/// let scope = secure_runtime::scope("/api")
///     .service(public_service!("the interface is documented in public", documentation()));
/// # drop(scope);
/// assert!(secure_runtime::inventory().to_string().contains("documented in public"));
/// ```
///
/// The reason must not be empty:
///
/// ```compile_fail
/// # let documentation = || actix_web::web::resource("/docs");
/// secure_runtime::public_service!("", documentation());
/// ```
#[macro_export]
macro_rules! public_service {
    ($reason:literal, $service:expr $(,)?) => {
        $crate::PublicService::registered(
            {
                const _: () = ::core::assert!(
                    !$reason.trim_ascii().is_empty(),
                    "the reason is empty, expected why anybody may call this service",
                );
                $crate::__private::PUBLIC_SERVICES! {
                    #![linkme_macro = $crate::__private::PUBLIC_SERVICES]
                    static SERVICE: $crate::__private::PublicServiceRow =
                        $crate::__private::PublicServiceRow {
                            reason: $reason,
                            service: ::core::stringify!($service),
                            module: ::core::module_path!(),
                            file: ::core::file!(),
                            line: ::core::line!(),
                        };
                }
                &SERVICE
            },
            // Outside of the block, because the expression may use a `SERVICE` of its own.
            $service,
        )
    };
    ($($other:tt)*) => {
        ::core::compile_error!(
            "expected a reason and the service: `public_service!(\"why anybody may call it\", service)`"
        )
    };
}
