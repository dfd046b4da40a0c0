//! The grants of a principal as a bit set over the names in the program's rules.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use super::Principal;

/// The bit of each name.
#[derive(Debug, Default)]
pub(crate) struct Names {
    bits: HashMap<Name, usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Name {
    Role(&'static str),
    Scope(&'static str),
    Permission(&'static str),
}

/// A principal's grants as the bits of one rule set.
#[derive(Debug)]
pub(crate) struct Authorities {
    names: Arc<Names>,
    granted: Bits,
}

/// A set of names. The first 64 lie in place, so that most programs follow no pointer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bits {
    first: u64,
    rest: Box<[u64]>,
}

impl Bits {
    /// An empty set with room for this many names.
    fn with_room(names: usize) -> Self {
        let words = names.div_ceil(u64::BITS as usize).saturating_sub(1);
        Self { first: 0, rest: vec![0; words].into() }
    }

    fn insert(&mut self, bit: usize) {
        let (word, bit) = (bit / u64::BITS as usize, bit % u64::BITS as usize);
        let word = match word.checked_sub(1) {
            None => Some(&mut self.first),
            Some(word) => self.rest.get_mut(word),
        };
        if let Some(word) = word {
            *word |= 1 << bit;
        }
    }

    #[inline]
    pub(crate) fn contains_all(&self, other: &Self) -> bool {
        self.first & other.first == other.first
            && other.rest.iter().zip(&self.rest).all(|(mask, word)| word & mask == *mask)
    }

    #[inline]
    pub(crate) fn contains_any(&self, other: &Self) -> bool {
        self.first & other.first != 0
            || other.rest.iter().zip(&self.rest).any(|(mask, word)| word & mask != 0)
    }

    pub(crate) fn union(&self, other: &Self) -> Self {
        let rest = self.rest.iter().zip(&other.rest).map(|(a, b)| a | b).collect();
        Self { first: self.first | other.first, rest }
    }
}

impl Names {
    /// Gives a name its bit, if it has none.
    pub(crate) fn add(&mut self, name: Name) {
        let next = self.bits.len();
        self.bits.entry(name).or_insert(next);
    }

    pub(crate) fn no_bits(&self) -> Bits {
        Bits::with_room(self.bits.len())
    }

    /// Sets the bit of a name; false if the name has none.
    pub(crate) fn set(&self, bits: &mut Bits, name: Name) -> bool {
        let bit = self.bits.get(&name).copied();
        bit.inspect(|bit| bits.insert(*bit)).is_some()
    }

    /// The caller's bits: kept with the principal for the rule set that saw it first.
    #[inline]
    pub(crate) fn authorities<'a>(self: &Arc<Self>, caller: &'a Principal) -> Cow<'a, Bits> {
        let kept = caller
            .cached_authorities()
            .get_or_init(|| Authorities { names: Arc::clone(self), granted: self.granted(caller) });
        if Arc::ptr_eq(&kept.names, self) {
            Cow::Borrowed(&kept.granted)
        } else {
            Cow::Owned(self.granted(caller))
        }
    }

    fn granted(&self, caller: &Principal) -> Bits {
        let mut bits = self.no_bits();
        for (name, bit) in &self.bits {
            let granted = match *name {
                Name::Role(role) => caller.has_role(role),
                Name::Scope(scope) => caller.has_scope(scope),
                Name::Permission(permission) => caller.has_permission(permission),
            };
            if granted {
                bits.insert(*bit);
            }
        }
        bits
    }
}
