//! Functions that check a request: `check = path::to::function`, each parameter bound to the
//! handler's argument of its type.

use std::pin::Pin;

use crate::denial::Denial;
use crate::principal::Principal;

/// Arguments of a handler, one of which has this type; `At` says which.
#[diagnostic::on_unimplemented(
    message = "the handler has no parameter of the type `{T}`, which the checker asks for",
    label = "asks for a `{T}`",
    note = "a checker takes `&Principal`, and then references to types of the handler's parameters, each once"
)]
pub trait Argument<T, At> {
    /// The argument, once it was extracted.
    fn argument(&self) -> Option<&T>;
}

/// A tuple of extractors that is one argument; `At` says which of them is meant.
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
    /// Runs it; `None` if an argument that it takes was not extracted yet.
    fn run(
        &self,
        caller: &Principal,
        arguments: &Arguments,
    ) -> impl Future<Output = Option<Result<(), Denial>>>;
}

/// Runs a checker; what it refuses is the error.
///
/// The future's type does not depend on the checker's, so that a wrong one is one error, not two.
pub fn check_arguments<'a, Arguments, Places>(
    checker: impl Checker<Arguments, Places> + 'a,
    caller: &'a Principal,
    arguments: &'a Arguments,
) -> Checking<'a> {
    Box::pin(
        async move { checker.run(caller, arguments).await.transpose().map(|it| it.map(|()| true)) },
    )
}

/// The answer of a checker on its way; `None` if it needs arguments that were not extracted yet.
type Checking<'a> = Pin<Box<dyn Future<Output = Result<Option<bool>, Denial>> + 'a>>;

/// The places of arguments that a checker looks at: one at least.
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

/// Runs a checker as [`check_arguments`] does: the one that has to look at what the path names.
pub fn check_objects<'a, Arguments, Places: Looks>(
    checker: impl Checker<Arguments, Places> + 'a,
    caller: &'a Principal,
    arguments: &'a Arguments,
) -> Checking<'a> {
    check_arguments(checker, caller, arguments)
}

/// What a checker said that was called by name: this type, and no other that `?` would take.
///
/// # Errors
///
/// What it refuses.
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
