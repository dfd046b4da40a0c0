//! The data of the application: users with passwords and roles, sessions, documents. The code before
//! and after the migration shares it.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use validator::Validate;

/// A row of the user table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Unique.
    pub name: String,
    /// In clear text: this is an example. Use argon2.
    pub password: String,
    /// The organization that the user belongs to.
    pub organization: String,
    /// Whether the user is an administrator.
    pub is_admin: bool,
    /// A locked user cannot do anything.
    pub is_locked: bool,
}

/// A document that somebody wrote.
#[derive(Clone, Debug, Serialize)]
pub struct Document {
    /// Unique.
    pub id: u32,
    /// The name of the user who wrote it.
    pub owner: String,
    /// Its title.
    pub title: String,
    /// The size of the attached file in bytes.
    pub attached_bytes: usize,
    /// The organization whose members may read it.
    #[serde(skip)]
    pub organization: String,
}

/// The request body that creates a document.
#[derive(Debug, Deserialize, Validate)]
#[serde(deny_unknown_fields)]
pub struct NewDocument {
    /// 1 to 80 characters.
    #[validate(length(min = 1, max = 80))]
    pub title: String,
}

/// The request body of a login.
#[derive(Debug, Deserialize, Validate)]
pub struct Login {
    /// The user's name.
    #[validate(length(min = 1, max = 40))]
    pub name: String,
    /// The user's password.
    #[validate(length(min = 1, max = 100))]
    pub password: String,
}

/// The database of this example.
#[derive(Default)]
pub struct Store {
    users: Mutex<BTreeMap<String, Arc<User>>>,
    sessions: Mutex<HashMap<String, String>>,
    documents: Mutex<BTreeMap<u32, Document>>,
}

impl Store {
    /// With two organizations, an administrator, and a document of `ada`.
    pub fn with_examples() -> Self {
        let store = Self::default();
        for (name, organization, is_admin) in
            [("ada", "analytics", false), ("grace", "navy", false), ("root", "operations", true)]
        {
            store.add_user(User {
                name: name.into(),
                password: format!("password of {name}"),
                organization: organization.into(),
                is_admin,
                is_locked: false,
            });
            locked(&store.sessions).insert(format!("session-of-{name}"), name.into());
        }
        if let Some(ada) = store.user("ada") {
            store.add_document(&ada, "Notes on the engine");
        }
        store
    }

    fn add_user(&self, user: User) {
        locked(&self.users).insert(user.name.clone(), Arc::new(user));
    }

    /// The user of this name.
    pub fn user(&self, name: &str) -> Option<Arc<User>> {
        locked(&self.users).get(name).cloned()
    }

    /// The names of all users.
    pub fn user_names(&self) -> Vec<String> {
        locked(&self.users).keys().cloned().collect()
    }

    /// Locks a user; `false` if there is no user with this name.
    pub fn lock_user(&self, name: &str) -> bool {
        let mut users = locked(&self.users);
        let Some(user) = users.get_mut(name) else { return false };
        *user = Arc::new(User { is_locked: true, ..User::clone(user) });
        true
    }

    /// Begins a session; `None` if the password is wrong.
    pub fn sign_in(&self, login: &Login) -> Option<String> {
        let user = self.user(&login.name)?;
        if user.password != login.password || user.is_locked {
            return None;
        }
        let session = format!("session-of-{}", user.name);
        locked(&self.sessions).insert(session.clone(), user.name.clone());
        Some(session)
    }

    /// The user of a session.
    pub fn user_of_session(&self, session: &str) -> Option<Arc<User>> {
        let name = locked(&self.sessions).get(session).cloned()?;
        self.user(&name).filter(|user| !user.is_locked)
    }

    /// Adds a document of this user.
    pub fn add_document(&self, owner: &User, title: &str) -> Document {
        let mut documents = locked(&self.documents);
        let id = documents.last_key_value().map_or(1, |(last, _)| last + 1);
        let document = Document {
            id,
            owner: owner.name.clone(),
            title: title.into(),
            attached_bytes: 0,
            organization: owner.organization.clone(),
        };
        documents.insert(id, document.clone());
        document
    }

    /// The documents that members of an organization wrote.
    pub fn documents_of(&self, organization: &str) -> Vec<Document> {
        let documents = locked(&self.documents);
        documents.values().filter(|it| it.organization == organization).cloned().collect()
    }

    /// The document with this id.
    pub fn document(&self, id: u32) -> Option<Document> {
        locked(&self.documents).get(&id).cloned()
    }

    /// Removes a document.
    pub fn remove_document(&self, id: u32) {
        locked(&self.documents).remove(&id);
    }

    /// Stores the size of a document's file.
    pub fn attach(&self, id: u32, bytes: usize) {
        if let Some(document) = locked(&self.documents).get_mut(&id) {
            document.attached_bytes = bytes;
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
