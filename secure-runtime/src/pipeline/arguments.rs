//! Extraction of the handler's arguments, one group after the other.
//!
//! actix-web extracts all arguments of a handler at once, and each extractor can read the body.
//! Here, the arguments that need only the request's head are extracted first, with an empty
//! payload. Rules about them are checked before a byte of the body is read.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use actix_web::dev::Payload;
use actix_web::{Error, FromRequest, HttpRequest};
use pin_project_lite::pin_project;

use crate::denial::poll_caught;
use crate::policy::Places;

/// The arguments of a handler while they are extracted: `(Option<A>, Option<B>)` for a handler of
/// `(A, B)`.
pub trait Arguments: Sized + 'static {
    /// The arguments that the handler takes.
    type Whole;
    /// The futures of the extractors that are running.
    type Extraction: Default;

    /// Starts with no argument extracted.
    #[doc(hidden)]
    fn none() -> Self;

    /// Extracts the arguments at these places that are not extracted yet.
    #[doc(hidden)]
    fn poll_extract(
        &mut self,
        extraction: Pin<&mut Self::Extraction>,
        places: Places,
        from: (&HttpRequest, &mut Payload),
        context: &mut Context<'_>,
    ) -> Poll<Result<(), Error>>;

    /// All arguments; `None` if one of them was not extracted.
    #[doc(hidden)]
    fn whole(self) -> Option<Self::Whole>;
}

/// A handler's function, called with its arguments.
///
/// Like [`actix_web::Handler`], but without the bound `Clone`. Every function meets that bound, and
/// with it one mistake would cause two compile errors.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a function of the handler's parameters",
    note = "write an attribute that replaces the function, such as a route attribute under another name, below `#[secure(…)]`"
)]
pub trait Function<Whole>: 'static {
    /// The output of its future.
    type Output;
    /// The future that it returns.
    type Future: Future<Output = Self::Output>;

    /// Calls the function.
    #[doc(hidden)]
    fn call(&self, arguments: Whole) -> Self::Future;
}

#[diagnostic::do_not_recommend]
impl<F: Fn() -> Answer + 'static, Answer: Future> Function<()> for F {
    type Output = Answer::Output;
    type Future = Answer;

    fn call(&self, (): ()) -> Answer {
        self()
    }
}

/// Extracts one argument. A panic is a 500, as a panic in a rule's expression is.
fn poll_one<T: FromRequest>(
    argument: &mut Option<T>,
    mut running: Pin<&mut Option<T::Future>>,
    (request, payload): (&HttpRequest, &mut Payload),
    context: &mut Context<'_>,
) -> Poll<Result<(), Error>> {
    if argument.is_some() {
        return Poll::Ready(Ok(()));
    }
    let extracted = ready!(poll_caught("an extractor", || {
        if running.is_none() {
            running.set(Some(T::from_request(request, payload)));
        }
        match running.as_mut().as_pin_mut() {
            Some(running) => running.poll(context),
            None => Poll::Pending,
        }
    }))?;
    running.set(None);
    *argument = Some(extracted);
    Poll::Ready(Ok(()))
}

/// The arguments of a handler without parameters.
#[doc(hidden)]
pub type All0 = ();

impl Arguments for () {
    type Whole = ();
    type Extraction = ();

    fn none() {}

    fn poll_extract(
        &mut self,
        _: Pin<&mut ()>,
        _: Places,
        _: (&HttpRequest, &mut Payload),
        _: &mut Context<'_>,
    ) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn whole(self) -> Option<()> {
        Some(())
    }
}

macro_rules! arguments {
    ($All:ident, $Extraction:ident: $($Type:ident $name:ident $place:tt),+) => {
        /// The arguments of a handler with this many parameters.
        #[doc(hidden)]
        pub type $All<$($Type),+> = ($(Option<$Type>,)+);

        pin_project! {
            /// The running extractors of a handler with this many parameters.
            #[doc(hidden)]
            pub struct $Extraction<$($Type: FromRequest),+> {
                $(#[pin] $name: Option<$Type::Future>,)+
            }
        }

        impl<$($Type: FromRequest),+> Default for $Extraction<$($Type),+> {
            fn default() -> Self {
                Self { $($name: None),+ }
            }
        }

        #[diagnostic::do_not_recommend]
        impl<Called: Fn($($Type),+) -> Answer + 'static, Answer: Future, $($Type),+> Function<($($Type,)+)> for Called {
            type Output = Answer::Output;
            type Future = Answer;

            fn call(&self, ($($name,)+): ($($Type,)+)) -> Answer {
                self($($name),+)
            }
        }

        impl<$($Type: FromRequest + 'static),+> Arguments for ($(Option<$Type>,)+) {
            type Whole = ($($Type,)+);
            type Extraction = $Extraction<$($Type),+>;

            fn none() -> Self {
                ($(None::<$Type>,)+)
            }

            fn poll_extract(
                &mut self,
                extraction: Pin<&mut Self::Extraction>,
                places: Places,
                (request, payload): (&HttpRequest, &mut Payload),
                context: &mut Context<'_>,
            ) -> Poll<Result<(), Error>> {
                let extraction = extraction.project();
                let mut is_ready = true;
                $(
                    if places.contains($place) {
                        let from = (request, &mut *payload);
                        match poll_one(&mut self.$place, extraction.$name, from, context) {
                            Poll::Ready(Ok(())) => {}
                            Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                            Poll::Pending => is_ready = false,
                        }
                    }
                )+
                if is_ready { Poll::Ready(Ok(())) } else { Poll::Pending }
            }

            fn whole(self) -> Option<Self::Whole> {
                Some(($(self.$place?,)+))
            }
        }
    };
}

arguments!(All1, Extraction1: A a 0);
arguments!(All2, Extraction2: A a 0, B b 1);
arguments!(All3, Extraction3: A a 0, B b 1, C c 2);
arguments!(All4, Extraction4: A a 0, B b 1, C c 2, D d 3);
arguments!(All5, Extraction5: A a 0, B b 1, C c 2, D d 3, E e 4);
arguments!(All6, Extraction6: A a 0, B b 1, C c 2, D d 3, E e 4, F f 5);
arguments!(All7, Extraction7: A a 0, B b 1, C c 2, D d 3, E e 4, F f 5, G g 6);
arguments!(All8, Extraction8: A a 0, B b 1, C c 2, D d 3, E e 4, F f 5, G g 6, H h 7);
arguments!(All9, Extraction9: A a 0, B b 1, C c 2, D d 3, E e 4, F f 5, G g 6, H h 7, I i 8);
arguments!(All10, Extraction10: A a 0, B b 1, C c 2, D d 3, E e 4, F f 5, G g 6, H h 7, I i 8, J j 9);
arguments!(All11, Extraction11: A a 0, B b 1, C c 2, D d 3, E e 4, F f 5, G g 6, H h 7, I i 8, J j 9, K k 10);
arguments!(All12, Extraction12: A a 0, B b 1, C c 2, D d 3, E e 4, F f 5, G g 6, H h 7, I i 8, J j 9, K k 10, L l 11);
arguments!(All13, Extraction13: A a 0, B b 1, C c 2, D d 3, E e 4, F f 5, G g 6, H h 7, I i 8, J j 9, K k 10, L l 11, M m 12);
arguments!(All14, Extraction14: A a 0, B b 1, C c 2, D d 3, E e 4, F f 5, G g 6, H h 7, I i 8, J j 9, K k 10, L l 11, M m 12, N n 13);
arguments!(All15, Extraction15: A a 0, B b 1, C c 2, D d 3, E e 4, F f 5, G g 6, H h 7, I i 8, J j 9, K k 10, L l 11, M m 12, N n 13, O o 14);
arguments!(All16, Extraction16: A a 0, B b 1, C c 2, D d 3, E e 4, F f 5, G g 6, H h 7, I i 8, J j 9, K k 10, L l 11, M m 12, N n 13, O o 14, P p 15);
