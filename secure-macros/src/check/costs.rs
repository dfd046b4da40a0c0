//! Rules about costs that are known only while a request is served.

use super::parameters::Parameter;
use super::words::mentioned;
use crate::diagnostics::Diagnostics;
use crate::model::condition::Expression;
use crate::model::raw::{Cost, RateKey};

/// A cost is asked once the arguments are there, and in terms of them; the word `response` is none.
pub(super) fn asks_about_arguments(
    rate: &RateKey,
    parameters: &[Parameter<'_>],
    diagnostics: &mut Diagnostics,
) {
    let is_parameter = |name: &str| parameters.iter().any(|parameter| parameter.binds(name));
    match &rate.cost {
        Some(Cost::Response(word)) if is_parameter("response") => {
            diagnostics
                .error(
                    word,
                    "`response` is what the handler answers in `cost`, and a parameter here",
                )
                .help("give the parameter another name");
        }
        Some(Cost::Expression(Expression { tokens, .. })) => {
            for (word, parameter) in
                [("caller", "caller: Principal"), ("request", "request: HttpRequest")]
            {
                if let Some(place) = mentioned(tokens, word).filter(|_| !is_parameter(word)) {
                    diagnostics
                        .error(
                            &place,
                            format!("`cost` asks about the handler's parameters, found `{word}`"),
                        )
                        .help(format!("give the handler a parameter `{parameter}`"));
                }
            }
        }
        _ => {}
    }
}
