//! What layers demand of how the caller signed in comes to exactly what all of them demand: by
//! trying every way to sign in.

use proptest::prelude::*;

use super::endpoint;
use crate::model::legal::StepUp;
use crate::model::raw::Combine;

const METHODS: usize = 3;

/// The keys of one layer.
#[derive(Clone, Debug)]
struct Written {
    fresh: Option<u32>,
    acr: Option<Vec<usize>>,
    amr: Option<(Combine, Vec<usize>)>,
    is_module: bool,
}

/// One way of signing in: how long ago, at which class, and by which methods, as bits.
type SignedIn = (Option<u32>, Option<usize>, u32);

impl Written {
    fn text(&self) -> String {
        let list = |combine: Combine, prefix: &str, names: &[usize]| {
            let names: Vec<String> =
                names.iter().map(|name| format!("\"{prefix}{name}\"")).collect();
            match combine {
                Combine::One => names.concat(),
                Combine::Any => format!("any({})", names.join(", ")),
                Combine::All => format!("all({})", names.join(", ")),
            }
        };
        let fresh = self.fresh.map(|seconds| format!("fresh = \"{seconds}s\""));
        let acr = self.acr.as_ref().map(|it| format!("acr = {}", list(Combine::Any, "c", it)));
        let amr = self.amr.as_ref();
        let amr = amr.map(|(combine, names)| format!("amr = {}", list(*combine, "m", names)));
        fresh.into_iter().chain(acr).chain(amr).collect::<Vec<_>>().join(", ")
    }

    fn admits(&self, (age, class, methods): SignedIn) -> bool {
        let used = |method: &usize| methods & (1 << method) != 0;
        self.fresh.is_none_or(|longest| age.is_some_and(|age| age <= longest))
            && self.acr.as_ref().is_none_or(|it| class.is_some_and(|class| it.contains(&class)))
            && self.amr.as_ref().is_none_or(|(combine, names)| match combine {
                Combine::All => names.iter().all(used),
                Combine::One | Combine::Any => names.iter().any(used),
            })
    }
}

fn admits(demanded: Option<&StepUp>, (age, class, methods): SignedIn) -> bool {
    let Some(StepUp { max_age_seconds, acr, amr }) = demanded else { return true };
    let used = |name: &String| methods & (1 << name[1..].parse::<u32>().unwrap()) != 0;
    max_age_seconds.is_none_or(|longest| age.is_some_and(|age| age <= longest))
        && (acr.is_empty() || class.is_some_and(|class| acr.contains(&format!("c{class}"))))
        && amr.iter().all(|names| names.iter().any(used))
}

fn written() -> impl Strategy<Value = Written> {
    let names = || proptest::sample::subsequence(vec![0, 1, 2], 1..=3).prop_shuffle();
    let combine = prop::sample::select(vec![Combine::One, Combine::Any, Combine::All]);
    let amr = (combine, names()).prop_map(|(combine, mut names)| {
        names.truncate(if combine == Combine::One { 1 } else { METHODS });
        (combine, names)
    });
    let acr = proptest::option::of(names());
    (proptest::option::of(1_u32..4), acr, proptest::option::of(amr), any::<bool>())
        .prop_map(|(fresh, acr, amr, is_module)| Written { fresh, acr, amr, is_module })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn layers_demand_what_each_of_them_demands(
        outer in proptest::collection::vec(written(), 0..=2),
        own in written(),
    ) {
        let around = outer.iter().map(|layer| {
            format!("{}({}), ", if layer.is_module { "__module" } else { "__policy" }, layer.text())
        });
        let attribute = format!("{}{}", around.collect::<String>(), own.text());
        let Ok(endpoint) = endpoint(&attribute, "async fn f() -> u8 { 0 }") else { return Ok(()) };
        let demanded = endpoint.policy.step_up.as_ref();
        let ages = [None, Some(0), Some(1), Some(2), Some(3), Some(4)];
        let classes = [None, Some(0), Some(1), Some(2)];
        for age in ages {
            for class in classes {
                for methods in 0..1 << METHODS {
                    let signed_in = (age, class, methods);
                    let all = outer.iter().chain([&own]).all(|layer| layer.admits(signed_in));
                    prop_assert_eq!(admits(demanded, signed_in), all, "{} {:?}", attribute, signed_in);
                }
            }
        }
    }
}
