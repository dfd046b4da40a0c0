//! A compile-time check whether a type reads the request's body. It works through type aliases.

use std::marker::PhantomData;

use actix_web::{Either, web};

use crate::resource::Granted;

/// The type to check.
#[derive(Debug)]
pub struct Body<T>(PhantomData<T>);

/// The default for types without an impl of their own.
pub trait NoBody {
    /// Not a body.
    const IS_ONE: bool = false;

    /// Not a resource that a rule must grant.
    const IS_GRANTED: bool = false;
}

impl<T> NoBody for Body<T> {}

macro_rules! bodies {
    ($([$($parameter:ident),*] $body:ty),* $(,)?) => {
        $(impl<$($parameter),*> Body<$body> {
            /// A body.
            pub const IS_ONE: bool = true;
        })*
    };
}

bodies!(
    [T] web::Json<T>,
    [T] web::Form<T>,
    [T] Option<web::Json<T>>,
    [T] Option<web::Form<T>>,
    [T, E] Result<web::Json<T>, E>,
    [T, E] Result<web::Form<T>, E>,
    [L, R] Either<L, R>,
    [] web::Bytes,
    [] String,
    [] web::Payload,
);

#[cfg(feature = "multipart")]
impl<T: actix_multipart::form::MultipartCollect> Body<actix_multipart::form::MultipartForm<T>> {
    /// A body.
    pub const IS_ONE: bool = true;
}

#[cfg(feature = "multipart")]
bodies!([] actix_multipart::Multipart);

macro_rules! granted {
    ($([$($parameter:ident),*] $granted:ty),* $(,)?) => {
        $(impl<$($parameter),*> Body<$granted> {
            /// A resource that a rule must grant.
            pub const IS_GRANTED: bool = true;
        })*
    };
}

granted!(
    [T] Granted<T>,
    [T] Option<Granted<T>>,
    [T, E] Result<Granted<T>, E>,
);
