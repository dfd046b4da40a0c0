//! Whether a type holds a request's body: asked by the expansion, answered by the compiler, so that
//! an alias hides nothing.

use std::marker::PhantomData;

use actix_web::{Either, web};

use crate::resource::Granted;

/// A type, asked about.
#[derive(Debug)]
pub struct Body<T>(PhantomData<T>);

/// What is found where the type has no answer of its own.
pub trait NoBody {
    /// No.
    const IS_ONE: bool = false;

    /// Nor is it something that a rule has to grant.
    const IS_GRANTED: bool = false;
}

impl<T> NoBody for Body<T> {}

macro_rules! bodies {
    ($([$($parameter:ident),*] $body:ty),* $(,)?) => {
        $(impl<$($parameter),*> Body<$body> {
            /// Yes.
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
    /// Yes.
    pub const IS_ONE: bool = true;
}

#[cfg(feature = "multipart")]
bodies!([] actix_multipart::Multipart);

macro_rules! granted {
    ($([$($parameter:ident),*] $granted:ty),* $(,)?) => {
        $(impl<$($parameter),*> Body<$granted> {
            /// Yes.
            pub const IS_GRANTED: bool = true;
        })*
    };
}

granted!(
    [T] Granted<T>,
    [T] Option<Granted<T>>,
    [T, E] Result<Granted<T>, E>,
);
