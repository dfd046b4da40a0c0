//! An application with access checks written by hand, which moves to `#[secure(...)]` one route at a time.
//!
//! - [`domain`], [`errors`], [`events`] and [`sessions`] (the middleware) do not change.
//! - [`before`] contains the handlers with their own checks, [`after`] the same handlers with the attribute.
//! - [`application`] mounts the routes in [`Moved`] from `after`, and the others from `before`.
//! - [`after::shelf`] is the final state: every route has moved, into a scope that takes only secured handlers.
//!
//! The same HTTP tests (`tests/http.rs`) pass before the migration, after each step, and at the end.

pub mod after;
pub mod before;
pub mod domain;
pub mod errors;
pub mod events;
pub mod sessions;

use actix_web::{Route as ActixRoute, web};

/// The routes of the application, in the order in which the tests move them.
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
    /// All routes.
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

/// The set of routes that have moved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moved(u16);

impl Moved {
    /// Adds a route.
    #[must_use]
    pub fn and(self, route: Route) -> Self {
        Self(self.0 | 1 << route as u16)
    }

    fn choose(self, route: Route, before: ActixRoute, after: ActixRoute) -> ActixRoute {
        if self.0 & 1 << route as u16 == 0 { before } else { after }
    }
}

/// Mounts the routes during the migration, with the route table that the application already had.
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
        // Outside a secured scope, actix-web's extractors keep their own limits, such as 256 KiB for
        // `web::Bytes`. This raises them to the endpoint's `max_body`.
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
