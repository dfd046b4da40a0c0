//! `Debug` for types that contain closures, futures or secrets: prints the type name alone.

macro_rules! opaque_debug {
    ($($name:ident $(<$lifetime:lifetime>)? $(<<$($generic:ident),+>>)?),+ $(,)?) => {$(
        impl $(<$($generic),+>)? ::std::fmt::Debug for $name $(<$lifetime>)? $(<$($generic),+>)? {
            fn fmt(&self, formatter: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                formatter.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    )+};
}

pub(crate) use opaque_debug;
