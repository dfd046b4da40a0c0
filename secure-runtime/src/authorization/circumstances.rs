//! What a rule can ask about besides the caller's names: the scheme that vouched for the caller, the
//! client's address, the time, and what the application's own expressions say.

use std::net::IpAddr;

use ipnet::IpNet;

use super::schedule::Schedule;
use super::tree::Verdict;
use crate::policy::{Expression, Needs, Rule};
use crate::principal::Principal;
use crate::support::time::Moment;

/// What is known of one request.
#[derive(Clone, Copy)]
pub(crate) struct Circumstances<'a> {
    pub(crate) caller: Option<&'a Principal>,
    pub(crate) accepted_by: AcceptedBy<'a>,
    pub(crate) address: Option<IpAddr>,
    /// `None`: the time does not count, and rules about it stay open.
    pub(crate) now: Option<Moment>,
    pub(crate) answers: Answers,
    /// What of the handler's arguments there is for expressions to mention.
    pub(crate) extracted: Needs,
}

/// The authenticators that accepted a request's credentials.
#[derive(Clone, Copy, Default)]
pub(crate) struct AcceptedBy<'a> {
    /// The endpoint's authenticators.
    names: &'a [&'static str],
    /// One bit for each of them.
    accepted: u64,
}

/// The answers of the application's expressions, as far as they were asked for.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Answers {
    known: u64,
    held: u64,
    /// Those that wait for arguments made of the body.
    postponed: u64,
}

/// A leaf of a rule that is no name.
#[derive(Clone, Debug)]
pub(super) enum Circumstance {
    Authenticator(&'static str),
    Address(Box<[IpNet]>),
    Time(Schedule),
    Expression { index: u8, needs: Needs },
}

impl<'a> Circumstances<'a> {
    /// A caller of whose request nothing is known.
    pub(super) fn of(caller: &'a Principal) -> Self {
        Self {
            caller: Some(caller),
            accepted_by: AcceptedBy::default(),
            address: None,
            now: None,
            answers: Answers::default(),
            extracted: Needs::Nothing,
        }
    }
}

impl Circumstances<'_> {
    /// Whether an expression that needs this can be asked now.
    fn can_ask(&self, index: u8, needs: Needs) -> bool {
        needs <= self.extracted
            && (self.extracted == Needs::Body || !self.answers.is_postponed(index))
    }
}

impl<'a> AcceptedBy<'a> {
    /// At most this many can be told apart.
    pub(crate) const MOST: usize = u64::BITS as usize;

    pub(crate) fn new(names: &'a [&'static str], accepted: u64) -> Self {
        Self { names, accepted }
    }

    fn contains(self, name: &str) -> bool {
        let mut names = self.names.iter().take(Self::MOST).enumerate();
        names.any(|(bit, known)| *known == name && self.accepted & (1 << bit) != 0)
    }
}

impl Answers {
    /// Keeps an answer.
    pub(crate) fn record(&mut self, index: u8, holds: bool) {
        let bit = Self::bit(index);
        self.known |= bit;
        if holds {
            self.held |= bit;
        }
    }

    /// Keeps that an expression has no answer before the body was read.
    pub(crate) fn postpone(&mut self, index: u8) {
        self.postponed |= Self::bit(index);
    }

    fn is_postponed(self, index: u8) -> bool {
        self.postponed & Self::bit(index) != 0
    }

    fn of(self, index: u8) -> Option<bool> {
        let bit = Self::bit(index);
        (self.known & bit != 0).then_some(self.held & bit != 0)
    }

    /// The attribute lets no endpoint have more expressions than there are bits; one beyond would
    /// have none, and never hold.
    fn bit(index: u8) -> u64 {
        1_u64.checked_shl(u32::from(index)).unwrap_or_default()
    }
}

impl Circumstance {
    /// The leaf, if it is one of these.
    pub(super) fn new(rule: &Rule) -> Option<Self> {
        Some(match rule {
            Rule::Authenticator(name) => Self::Authenticator(name),
            // What is no network holds no address: the attribute has checked them all.
            Rule::Address(networks) => {
                Self::Address(networks.iter().filter_map(|text| text.parse().ok()).collect())
            }
            Rule::Time(hours) => Self::Time(Schedule::new(*hours)),
            Rule::Expression(Expression { index, needs, .. }) => {
                Self::Expression { index: *index, needs: *needs }
            }
            _ => return None,
        })
    }

    pub(super) fn decide(&self, found: &Circumstances<'_>) -> Verdict {
        let known = match self {
            Self::Authenticator(name) => Some(found.accepted_by.contains(name)),
            Self::Address(networks) => found.address.map(|address| {
                let address = address.to_canonical();
                networks.iter().any(|network| network.contains(&address))
            }),
            Self::Time(schedule) => found.now.and_then(|now| schedule.contains(now)),
            Self::Expression { index, needs } => match found.answers.of(*index) {
                None if found.can_ask(*index, *needs) => return Verdict::Asks(*index),
                answer => answer,
            },
        };
        match known {
            Some(true) => Verdict::Holds,
            Some(false) => Verdict::Fails,
            None => Verdict::Unknown,
        }
    }
}
