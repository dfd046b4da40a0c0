//! Checkers: functions for `check = path::to::function`. Each parameter is bound to the handler's
//! argument of its type.

use std::pin::Pin;

use crate::denial::Denial;
use crate::principal::Principal;

/// The arguments of a handler, one of which has the type `T`. `At` is its place.
#[diagnostic::on_unimplemented(
    message = "the handler has no parameter of the type `{T}`, which the checker asks for",
    label = "asks for a `{T}`",
    note = "a checker takes `&Principal`, and then references to types of the handler's parameters, each once"
)]
pub trait Argument<T, At> {
    /// The argument, if it is extracted.
    fn argument(&self) -> Option<&T>;
}

/// An argument that is a tuple of extractors. `At` is the place of the element.
pub trait Element<T, At> {
    /// The extractor.
    fn element(&self) -> &T;
}

/// A place among the arguments of a handler.
#[derive(Debug)]
pub struct Place<const INDEX: usize>(());

/// An asynchronous function that checks a request by its caller and some of its arguments.
#[diagnostic::on_unimplemented(
    message = "`check` expects an `async fn(&Principal, &…) -> Result<(), Denial>`, found another type",
    label = "not a checker of this handler's arguments",
    note = "its parameters are `&Principal`, and then references to types of the handler's parameters, four at most"
)]
pub trait Checker<Arguments, Places> {
    /// Runs the checker; `None` if one of its arguments is not extracted yet.
    fn run(
        &self,
        caller: &Principal,
        arguments: &Arguments,
    ) -> impl Future<Output = Option<Result<(), Denial>>>;
}

/// Runs a checker. Its refusal is the error.
///
/// The future's type does not depend on the checker's type, so a wrong checker causes one compile
/// error, not two.
pub fn check_arguments<'a, Arguments, Places>(
    checker: impl Checker<Arguments, Places> + 'a,
    caller: &'a Principal,
    arguments: &'a Arguments,
) -> Checking<'a> {
    Box::pin(
        async move { checker.run(caller, arguments).await.transpose().map(|it| it.map(|()| true)) },
    )
}

/// The future of a checker's result; `None` if one of its arguments is not extracted yet.
type Checking<'a> = Pin<Box<dyn Future<Output = Result<Option<bool>, Denial>> + 'a>>;

/// The places of the arguments that a checker uses, at least one.
#[diagnostic::on_unimplemented(
    message = "`check` looks at no argument, and the path names an object: any caller may ask for any of them",
    label = "takes the caller alone, expected a parameter of the handler as well",
    note = "a caller who may see one object can put another's identifier there (OWASP API1:2023); `objects = any`, if each of them is for everybody who may call"
)]
pub trait Looks {}

#[diagnostic::do_not_recommend]
impl<First> Looks for (First,) {}
#[diagnostic::do_not_recommend]
impl<First, Second> Looks for (First, Second) {}
#[diagnostic::do_not_recommend]
impl<First, Second, Third> Looks for (First, Second, Third) {}
#[diagnostic::do_not_recommend]
impl<First, Second, Third, Fourth> Looks for (First, Second, Third, Fourth) {}

/// Like [`check_arguments`], for the checker that must use the object that the path names.
pub fn check_objects<'a, Arguments, Places: Looks>(
    checker: impl Checker<Arguments, Places> + 'a,
    caller: &'a Principal,
    arguments: &'a Arguments,
) -> Checking<'a> {
    check_arguments(checker, caller, arguments)
}

/// Converts the result of a checker that was called by name. It accepts only this type, not every
/// type that `?` accepts.
///
/// # Errors
///
/// The checker's refusal.
pub fn checked(outcome: Result<(), Denial>) -> Result<bool, Denial> {
    outcome.map(|()| true)
}

macro_rules! checkers {
    ($($Type:ident $At:ident),*) => {
        impl<Checked, Arguments, $($Type, $At),*> Checker<Arguments, ($(($Type, $At),)*)> for Checked
        where
            Checked: AsyncFn(&Principal, $(&$Type),*) -> Result<(), Denial>,
            Arguments: $(Argument<$Type, $At> +)*,
        {
            async fn run(
                &self,
                caller: &Principal,
                arguments: &Arguments,
            ) -> Option<Result<(), Denial>> {
                let _ = arguments;
                Some(self(caller, $(<Arguments as Argument<$Type, $At>>::argument(arguments)?),*).await)
            }
        }
    };
}

checkers!();
checkers!(A AtA);
checkers!(A AtA, B AtB);
checkers!(A AtA, B AtB, C AtC);
checkers!(A AtA, B AtB, C AtC, D AtD);

/// `impl Argument<B, Place<1>> for (A, B)`, and so on, for every place of every tuple.
macro_rules! arguments {
    ($($Type:ident $index:tt),+) => {
        arguments!(@each ($($Type),+) $($Type $index),+);
    };
    (@each $all:tt $($Type:ident $index:tt),+) => {
        $(arguments!(@one $all $Type $index);)+
    };
    (@one ($($All:ident),+) $Type:ident $index:tt) => {
        #[diagnostic::do_not_recommend]
        impl<$($All),+> Argument<$Type, Place<$index>> for ($(Option<$All>,)+) {
            fn argument(&self) -> Option<&$Type> {
                self.$index.as_ref()
            }
        }

        #[diagnostic::do_not_recommend]
        impl<$($All),+> Element<$Type, Place<$index>> for ($($All,)+) {
            fn element(&self) -> &$Type {
                &self.$index
            }
        }
    };
}

arguments!(A 0);
arguments!(A 0, B 1);
arguments!(A 0, B 1, C 2);
arguments!(A 0, B 1, C 2, D 3);
arguments!(A 0, B 1, C 2, D 3, E 4);
arguments!(A 0, B 1, C 2, D 3, E 4, F 5);
arguments!(A 0, B 1, C 2, D 3, E 4, F 5, G 6);
arguments!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);
arguments!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8);
arguments!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9);
arguments!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10);
arguments!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11);
arguments!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11, M 12);
arguments!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11, M 12, N 13);
arguments!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11, M 12, N 13, O 14);
arguments!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11, M 12, N 13, O 14, P 15);
