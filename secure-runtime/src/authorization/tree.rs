//! The compiled rule tree and its evaluator, in Kleene's three-valued logic.

use std::ops::Not;

use super::circumstances::{Circumstance, Circumstances};
use super::names::name_of;
use crate::policy::Rule;
use crate::principal::{Bits, Names};

/// A rule in the form that is evaluated: single names of one level are gathered into a mask.
#[derive(Clone, Debug)]
pub(super) enum Test {
    All { mask: Bits, rest: Box<[Test]> },
    Any { mask: Bits, rest: Box<[Test]> },
    Not(Box<Test>),
    Circumstance(Circumstance),
}

/// What is known of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Holds,
    Fails,
    /// It hangs on the answer to the expression of this number, which can be asked for now.
    Asks(u8),
    /// It hangs on what is not known now. At the end it fails.
    Unknown,
}

impl Not for Verdict {
    type Output = Self;

    fn not(self) -> Self {
        match self {
            Self::Holds => Self::Fails,
            Self::Fails => Self::Holds,
            open => open,
        }
    }
}

/// All of them: one that fails decides, wherever it stands; else the first open question counts.
fn conjunction(verdicts: impl Iterator<Item = Verdict>) -> Verdict {
    let mut whole = Verdict::Holds;
    for verdict in verdicts {
        whole = match (whole, verdict) {
            (_, Verdict::Fails) => return Verdict::Fails,
            (Verdict::Asks(_), _) | (_, Verdict::Holds) => whole,
            (_, Verdict::Asks(_)) => verdict,
            (_, Verdict::Unknown) => Verdict::Unknown,
        };
    }
    whole
}

impl Test {
    pub(super) fn new(rule: &Rule, names: &Names) -> Self {
        match rule {
            Rule::All(rules) => {
                let (mask, rest) = split(rules, names);
                Self::All { mask, rest }
            }
            Rule::Any(rules) => {
                let (mask, rest) = split(rules, names);
                Self::Any { mask, rest }
            }
            Rule::Not(rule) => Self::Not(Box::new(Self::new(rule, names))),
            leaf => match Circumstance::new(leaf) {
                Some(circumstance) => Self::Circumstance(circumstance),
                None => {
                    let (mask, rest) = split(std::slice::from_ref(leaf), names);
                    Self::All { mask, rest }
                }
            },
        }
    }

    /// The names of a test that asks for nothing but all of them.
    #[inline]
    pub(super) fn mask_alone(&self) -> Option<&Bits> {
        match self {
            Self::All { mask, rest } if rest.is_empty() => Some(mask),
            _ => None,
        }
    }

    fn never(names: &Names) -> Self {
        Self::Any { mask: names.no_bits(), rest: Box::default() }
    }

    pub(super) fn decide(&self, granted: &Bits, found: &Circumstances<'_>) -> Verdict {
        match self {
            Self::All { mask, .. } if !granted.contains_all(mask) => Verdict::Fails,
            Self::All { rest, .. } => {
                conjunction(rest.iter().map(|test| test.decide(granted, found)))
            }
            Self::Any { mask, .. } if granted.contains_any(mask) => Verdict::Holds,
            // One of them holds unless all of them fail.
            Self::Any { rest, .. } => {
                !conjunction(rest.iter().map(|test| !test.decide(granted, found)))
            }
            Self::Not(test) => !test.decide(granted, found),
            Self::Circumstance(circumstance) => circumstance.decide(found),
        }
    }
}

/// The single names of a list as one mask, and what is left.
fn split(rules: &[Rule], names: &Names) -> (Bits, Box<[Test]>) {
    let mut mask = names.no_bits();
    let mut rest = Vec::new();
    for rule in rules {
        match name_of(rule) {
            Some(name) if names.set(&mut mask, name) => {}
            Some(_) => rest.push(Test::never(names)),
            None => rest.push(Test::new(rule, names)),
        }
    }
    (mask, rest.into())
}
