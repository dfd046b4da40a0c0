//! An application that secured itself by hand, and moves to `#[secure(...)]` one route at a time.
//!
//! - [`domain`], [`errors`], [`events`] and [`sessions`] (its middleware) are the application; they do not change.
//! - [`before`] holds its handlers as they were, [`after`] the same handlers with the attribute.
//! - [`application`] mounts them, the routes in [`Moved`] from `after`, the others from `before`.
//! - [`after::shelf`] is the end: everything moved, in a scope that takes secured handlers only.
//!
//! One suite of HTTP tests (`tests/http.rs`) passes before, after, and after each single step.

pub mod after;
pub mod before;
pub mod domain;
pub mod errors;
pub mod events;
pub mod sessions;

use actix_web::{Route as ActixRoute, web};

/// The routes of the application, in the order in which they move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// `GET /documents`
    ListDocuments,
    /// `POST /documents`
    AddDocument,
    /// `GET /documents/{id}`
    ReadDocument,
    /// `DELETE /documents/{id}`
    RemoveDocument,
    /// `PUT /documents/{id}/file`
    AttachFile,
    /// `GET /admin/users`
    ListUsers,
    /// `POST /admin/users/{name}/lock`
    LockUser,
    /// `GET /account`
    Account,
    /// `GET /events`
    Events,
    /// `POST /login`
    Login,
}

impl Route {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::ListDocuments,
        Self::AddDocument,
        Self::ReadDocument,
        Self::RemoveDocument,
        Self::AttachFile,
        Self::ListUsers,
        Self::LockUser,
        Self::Account,
        Self::Events,
        Self::Login,
    ];
}

/// Which routes have moved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moved(u16);

impl Moved {
    /// This one as well.
    #[must_use]
    pub fn and(self, route: Route) -> Self {
        Self(self.0 | 1 << route as u16)
    }

    fn choose(self, route: Route, before: ActixRoute, after: ActixRoute) -> ActixRoute {
        if self.0 & 1 << route as u16 == 0 { before } else { after }
    }
}

/// Mounts the application while it moves: a table of routes as it always was.
pub fn application(moved: Moved) -> impl FnOnce(&mut web::ServiceConfig) {
    move |config| {
        let documents = web::resource("/documents")
            .route(moved.choose(
                Route::ListDocuments,
                web::get().to(before::list_documents),
                web::get().to(after::list_documents),
            ))
            .route(moved.choose(
                Route::AddDocument,
                web::post().to(before::add_document),
                web::post().to(after::add_document),
            ));
        let document = web::resource("/documents/{id}")
            .route(moved.choose(
                Route::ReadDocument,
                web::get().to(before::read_document),
                web::get().to(after::read_document),
            ))
            .route(moved.choose(
                Route::RemoveDocument,
                web::delete().to(before::remove_document),
                web::delete().to(after::remove_document),
            ));
        // Outside of a secured scope, extractors have limits of their own: `web::Bytes` 256 KiB. The
        // endpoint's `max_body` is the one that is meant.
        config.app_data(web::PayloadConfig::new(8 * 1024 * 1024));
        config
            .service(documents)
            .service(document)
            .route(
                "/documents/{id}/file",
                moved.choose(
                    Route::AttachFile,
                    web::put().to(before::attach_file),
                    web::put().to(after::attach_file),
                ),
            )
            .route(
                "/admin/users",
                moved.choose(
                    Route::ListUsers,
                    web::get().to(before::list_users),
                    web::get().to(after::list_users),
                ),
            )
            .route(
                "/admin/users/{name}/lock",
                moved.choose(
                    Route::LockUser,
                    web::post().to(before::lock_user),
                    web::post().to(after::lock_user),
                ),
            )
            .route(
                "/account",
                moved.choose(
                    Route::Account,
                    web::get().to(before::account),
                    web::get().to(after::account),
                ),
            )
            .route(
                "/events",
                moved.choose(
                    Route::Events,
                    web::get().to(before::events),
                    web::get().to(after::events),
                ),
            )
            .route(
                "/login",
                moved.choose(
                    Route::Login,
                    web::post().to(before::login),
                    web::post().to(after::login),
                ),
            )
            .service(actix_files::Files::new("/static", STATIC));
    }
}

/// The folder of the static files.
pub const STATIC: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/static");
