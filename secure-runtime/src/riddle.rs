//! Whether a type holds a request's body: asked by the expansion, answered by the compiler, so that
//! an alias hides nothing.

use std::marker::PhantomData;

use actix_web::{Either, HttpRequest, web};

use crate::{Granted, Loaded, Principal};

/// A type, asked about.
#[derive(Debug)]
pub struct Body<T>(PhantomData<T>);

/// What is found where the type has no answer of its own.
pub trait NoBody {
    /// No.
    const IS_ONE: bool = false;

    /// But it may hide one, as an extractor of another crate does.
    const IS_NONE: bool = false;

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

macro_rules! bodiless {
    ($([$($parameter:ident),*] $none:ty),* $(,)?) => {
        $(impl<$($parameter),*> Body<$none> {
            /// Certainly.
            pub const IS_NONE: bool = true;
        })*
    };
}

bodiless!(
    [] HttpRequest,
    [] Principal,
    [] Option<Principal>,
    [T] web::Data<T>,
    [T] web::Header<T>,
    [T] web::Path<T>,
    [T] web::Query<T>,
    [T] Loaded<T>,
);

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
