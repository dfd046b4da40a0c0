//! Rules about `mode`: enforcement, shadow mode, and a share of the keys.

use crate::diagnostics::{Diagnostics, nearest};
use crate::model::legal::Mode;
use crate::model::raw::{Name, RateKey};

const WORDS: [(&str, Mode); 2] = [("enforce", Mode::Enforce), ("observe", Mode::Observe)];

/// A mode must exist: a misspelt one must not enforce the limit for another share of the keys.
pub(super) fn are_known(mode: Option<&Name>, diagnostics: &mut Diagnostics) {
    let Some(mode) = mode else { return };
    let percentage = percentage(mode);
    let (message, help) = match percentage {
        _ if known(mode).is_some() => return,
        Some(share) => {
            let help = match share {
                0 => String::from("`mode = observe` refuses nobody"),
                100 => String::from("`mode = enforce` refuses every request over the limit"),
                _ => String::from("`mode = \"20%\"` enforces the limit for one key in five"),
            };
            (format!("`mode` expects 1% to 99%, found `{}`", mode.text), help)
        }
        None => {
            let help = match nearest(&mode.text, WORDS.map(|(word, _)| word)) {
                Some(word) if mode.bare => format!("did you mean `{word}`?"),
                Some(word) => format!("`mode = {word}`"),
                None => String::from("`mode = observe`"),
            };
            let expected = "`enforce`, `observe` or a percentage such as `\"20%\"`";
            let found = if mode.bare { mode.text.clone() } else { format!("{:?}", mode.text) };
            (format!("`mode` expects {expected}, found `{found}`"), help)
        }
    };
    diagnostics.error(mode, message).help(help);
}

/// The mode of a limit in the attribute.
pub(super) fn mode(rate: &RateKey) -> Option<Mode> {
    rate.mode.as_ref().and_then(known)
}

/// Whether every request over the limit is rejected, as far as the attribute determines it.
pub(super) fn is_enforced(rate: &RateKey) -> bool {
    matches!(mode(rate), None | Some(Mode::Enforce))
}

/// The mode of this name.
pub(super) fn known(mode: &Name) -> Option<Mode> {
    if mode.bare {
        return WORDS.into_iter().find(|(word, _)| *word == mode.text).map(|(_, mode)| mode);
    }
    let share = percentage(mode).and_then(|share| u8::try_from(share).ok());
    share.filter(|share| (1..100).contains(share)).map(Mode::Percent)
}

/// The number of a percentage, in range or not.
fn percentage(mode: &Name) -> Option<u64> {
    let digits = mode.text.strip_suffix('%').filter(|_| !mode.bare)?;
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().unwrap_or(u64::MAX))
}
