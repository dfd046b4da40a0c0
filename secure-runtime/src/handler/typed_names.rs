//! [`TypedNames`]: enums whose variants are the names of roles, scopes or permissions.

/// An enum whose variants are the names of roles, scopes or permissions, for policies such as
/// `permissions = Permission::OrdersRead`.
///
/// [`vocabulary!`](crate::vocabulary) generates such an enum from the `secure.toml`. An enum of
/// your own works if it has a variant for each name that a policy uses: the name in camel case,
/// `OrdersRead` for `orders:read`. The attribute looks up the name in the `secure.toml` by the
/// variant. The compiler compares it with [`NAMES`](Self::NAMES), so a policy and the enum never
/// mean different names.
///
/// ```
/// use secure_runtime::{NameKind, TypedNames};
///
/// enum Permission {
///     OrdersRead,
///     OrdersRefund,
/// }
///
/// impl TypedNames for Permission {
///     const KIND: NameKind = NameKind::Permission;
///     const NAMES: &'static [(&'static str, &'static str)] =
///         &[("OrdersRead", "orders:read"), ("OrdersRefund", "orders:refund")];
/// }
/// # let _ = [Permission::OrdersRead, Permission::OrdersRefund];
/// ```
#[diagnostic::on_unimplemented(
    message = "the variants of `{Self}` are not names of roles, scopes or permissions",
    label = "not an enum of such names",
    note = "`secure_runtime::vocabulary!` makes one of the `secure.toml`; an enum of your own implements `secure_runtime::TypedNames`"
)]
pub trait TypedNames {
    /// The kind of the names.
    const KIND: NameKind;

    /// Each variant, and its name in the `secure.toml` and in tokens.
    const NAMES: &'static [(&'static str, &'static str)];
}

/// The kind of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NameKind {
    /// A role: `roles = Role::Admin`.
    Role,
    /// A scope: `scopes = Scope::Orders`.
    Scope,
    /// A permission: `permissions = Permission::OrdersRead`.
    Permission,
}

/// Whether this variant has this name, at compile time.
#[must_use]
pub const fn is_typed_name<T: TypedNames>(kind: NameKind, variant: &str, name: &str) -> bool {
    let mut names = T::NAMES;
    while let [(its_variant, its_name), rest @ ..] = names {
        if crate::__private::is_same(its_variant, variant) {
            return T::KIND as u8 == kind as u8 && crate::__private::is_same(its_name, name);
        }
        names = rest;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Permission;

    impl TypedNames for Permission {
        const KIND: NameKind = NameKind::Permission;
        const NAMES: &'static [(&'static str, &'static str)] =
            &[("OrdersRead", "orders:read"), ("OrdersRefund", "orders:refund")];
    }

    #[test]
    fn a_name_is_that_of_its_own_variant_and_kind() {
        use NameKind::{Permission as Right, Role};

        let check = |kind, variant, name, expected| {
            assert_eq!(is_typed_name::<Permission>(kind, variant, name), expected, "{name}");
        };
        check(Right, "OrdersRead", "orders:read", true);
        check(Right, "OrdersRefund", "orders:refund", true);
        check(Right, "OrdersRead", "orders:refund", false);
        check(Right, "OrdersRead", "orders:rea", false);
        check(Right, "UsersRead", "orders:read", false);
        check(Role, "OrdersRead", "orders:read", false);
    }
}
