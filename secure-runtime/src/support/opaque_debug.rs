//! `Debug` for types that hold closures, futures or secrets: their name, and nothing of what they hold.

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
