//! Grants in a table of SQLite.

use std::sync::{Arc, Mutex, PoisonError};

use actix_web::rt::task::spawn_blocking;
use rusqlite::{Connection, params};

use crate::grants::{Answer, Failure, Grant, Grants};

/// One connection; a service with much traffic uses a pool.
pub struct SqliteGrants(Arc<Mutex<Connection>>);

impl SqliteGrants {
    /// Opens a database, and creates the table if there is none.
    pub fn open(path: &str) -> Result<Self, Failure> {
        let connection = Connection::open(path)?;
        connection.execute_batch(
            "CREATE TABLE IF NOT EXISTS grants (
                subject TEXT NOT NULL, action TEXT NOT NULL, document TEXT NOT NULL,
                PRIMARY KEY (subject, action, document)
            ) WITHOUT ROWID",
        )?;
        Ok(Self(Arc::new(Mutex::new(connection))))
    }

    /// Runs a statement on a thread for blocking work, so that it does not block other requests.
    fn run<'a, T: Send + 'static>(
        &self,
        grant: &Grant,
        statement: impl FnOnce(&Connection, &Grant) -> rusqlite::Result<T> + Send + 'static,
    ) -> Answer<'a, T> {
        let (connection, grant) = (Arc::clone(&self.0), grant.clone());
        Box::pin(async move {
            let run = move || {
                let connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
                statement(&connection, &grant)
            };
            Ok(spawn_blocking(run).await??)
        })
    }
}

impl Grants for SqliteGrants {
    fn permits<'a>(&'a self, asked: &'a Grant) -> Answer<'a, bool> {
        self.run(asked, |connection, asked| {
            let mut found = connection.prepare(
                "SELECT 1 FROM grants WHERE subject = ?1 AND action = ?2 AND document = ?3",
            )?;
            found.exists(params![asked.subject, asked.action, asked.document])
        })
    }

    fn change<'a>(&'a self, grant: &'a Grant, is_granted: bool) -> Answer<'a, ()> {
        let statement = match is_granted {
            true => "INSERT OR IGNORE INTO grants VALUES (?1, ?2, ?3)",
            false => "DELETE FROM grants WHERE subject = ?1 AND action = ?2 AND document = ?3",
        };
        self.run(grant, |connection, grant| {
            let values = params![grant.subject, grant.action, grant.document];
            connection.execute(statement, values).map(drop)
        })
    }
}
