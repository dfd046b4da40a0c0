//! Values of the application that a principal carries, by type.

use std::any::{Any, TypeId};
use std::sync::Arc;

type Value = Arc<dyn Any + Send + Sync>;

/// A few values, each of another type. Nothing is allocated for none.
#[derive(Clone, Default)]
pub(super) struct Extensions(Vec<Value>);

impl Extensions {
    /// Adds a value, in place of the one of its type.
    pub(super) fn insert(&mut self, value: Value) {
        let of_its_type = |other: &&mut Value| type_of(other) == type_of(&value);
        match self.0.iter_mut().find(of_its_type) {
            Some(other) => *other = value,
            None => self.0.push(value),
        }
    }

    pub(super) fn get<T: Send + Sync + 'static>(&self) -> Option<&T> {
        self.0.iter().find_map(|value| (**value).downcast_ref())
    }

    pub(super) fn shared<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        let value = self.0.iter().find(|value| (***value).is::<T>())?;
        Arc::clone(value).downcast().ok()
    }

    /// How many bytes of memory the values take, without what they point to.
    pub(super) fn footprint(&self) -> usize {
        self.0.iter().map(|value| size_of_val(&**value) + size_of::<Value>()).sum()
    }

    /// Whether both hold the very same values.
    pub(super) fn are(&self, others: &Self) -> bool {
        self.0.len() == others.0.len()
            && self.0.iter().zip(&others.0).all(|(one, other)| Arc::ptr_eq(one, other))
    }
}

fn type_of(value: &Value) -> TypeId {
    // Of what lies in the `Arc`, not of the `Arc`.
    (**value).type_id()
}
