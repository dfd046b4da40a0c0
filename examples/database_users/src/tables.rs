//! Tables in memory, in place of a database: in a real service `Tables` is a connection pool, and each
//! function is a query.

use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

/// A row of the user table.
#[derive(Clone, Debug)]
pub struct User {
    pub name: String,
    pub tenant: String,
    pub tier: String,
    pub is_locked: bool,
}

/// The roles and permissions of a user.
#[derive(Clone, Debug, Default)]
pub struct Grants {
    pub roles: Vec<String>,
    pub permissions: Vec<String>,
}

/// Clones share the same tables.
#[derive(Clone, Default)]
pub struct Tables(Arc<Inner>);

#[derive(Default)]
struct Inner {
    rows: RwLock<Rows>,
    loads: AtomicUsize,
}

#[derive(Default)]
struct Rows {
    users: HashMap<String, User>,
    /// The role of each user.
    roles: HashMap<String, String>,
    permissions: HashMap<String, Vec<String>>,
}

impl Tables {
    pub fn with_samples() -> Self {
        let tables = Self::default();
        let mut rows = tables.0.rows.write().unwrap_or_else(PoisonError::into_inner);
        for (id, name, tenant, tier, role) in [
            ("ada", "Ada", "acme", "pro", "admin"),
            ("bob", "Bob", "acme", "pro", "guest"),
            ("eve", "Eve", "solo", "free", "clerk"),
            ("locked", "Lou", "acme", "pro", "clerk"),
        ] {
            let (name, tenant, tier) = (name.to_owned(), tenant.to_owned(), tier.to_owned());
            let user = User { name, tenant, tier, is_locked: id == "locked" };
            rows.users.insert(id.to_owned(), user);
            rows.roles.insert(id.to_owned(), role.to_owned());
        }
        for (role, permissions) in
            [("admin", &["invoices:read"][..]), ("clerk", &["invoices:read"]), ("guest", &[])]
        {
            let permissions = permissions.iter().map(|it| (*it).to_owned()).collect();
            rows.permissions.insert(role.to_owned(), permissions);
        }
        drop(rows);
        tables
    }

    /// The user, and what the user's role grants; `None` if there is no such user.
    pub async fn load(&self, id: &str) -> io::Result<Option<(User, Grants)>> {
        self.0.loads.fetch_add(1, Ordering::Relaxed);
        let rows = self.rows();
        let Some(user) = rows.users.get(id).cloned() else { return Ok(None) };
        let roles: Vec<String> = rows.roles.get(id).cloned().into_iter().collect();
        let granted = roles.iter().filter_map(|role| rows.permissions.get(role)).flatten();
        let permissions = granted.cloned().collect();
        Ok(Some((user, Grants { roles, permissions })))
    }

    /// How often a user was loaded.
    #[cfg_attr(not(test), expect(dead_code, reason = "for the test of the cache"))]
    pub fn loads(&self) -> usize {
        self.0.loads.load(Ordering::Relaxed)
    }

    pub fn tenant_of(&self, id: &str) -> Option<String> {
        self.rows().users.get(id).map(|user| user.tenant.clone())
    }

    /// Gives the user this role; returns `false` if there is no such role.
    pub fn set_role(&self, id: &str, role: &str) -> bool {
        let mut rows = self.0.rows.write().unwrap_or_else(PoisonError::into_inner);
        let exists = rows.permissions.contains_key(role);
        if exists {
            rows.roles.insert(id.to_owned(), role.to_owned());
        }
        exists
    }

    pub fn invoices(&self, tenant: &str) -> Vec<String> {
        let count = if tenant == "acme" { 2 } else { 1 };
        (1..=count).map(|number| format!("{tenant} {number}")).collect()
    }

    fn rows(&self) -> RwLockReadGuard<'_, Rows> {
        self.0.rows.read().unwrap_or_else(PoisonError::into_inner)
    }
}
