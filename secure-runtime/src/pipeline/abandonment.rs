//! Requests whose client disconnects before the response.
//!
//! Over HTTP/1, actix-web drops the future that serves a request when the connection ends. Without
//! this module, a check that was running would never be counted, and work that continues elsewhere
//! (on a thread, in a task) would outlive the slot that limits it. So a dropped request continues
//! in the background if something depends on how it ends:
//!
//! 1. credentials or a rule are being checked
//! 2. a failure budget counts the response
//! 3. the response contains the cost of the request
//! 4. the request holds a concurrency slot
//!
//! Any other request ends at once, as it does without `#[secure]`. A handler that has not been
//! called yet is never called for a client that is gone.

use std::cell::Cell;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use actix_web::rt::spawn;

use super::SecuredResponse;

/// The future that serves a request.
pub(super) type Serving = Pin<Box<dyn Future<Output = SecuredResponse>>>;

/// The state of the client while its request is polled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Client {
    /// The client waits for the response.
    Waits,
    /// The client has just disconnected. The request only decides whether it must continue.
    Leaves,
    /// The client is gone, and the request continues in the background.
    Gone,
}

thread_local! {
    /// The state of the client whose request this thread polls now.
    static CLIENT: Cell<Client> = const { Cell::new(Client::Waits) };
}

/// The state of the client whose request is being polled.
#[inline]
pub(super) fn client() -> Client {
    CLIENT.get()
}

/// Ends a request whose client is gone, or continues it in the background. Without a running
/// runtime, it ends.
#[cold]
pub(super) fn finish_without_client(mut serving: Serving) {
    let is_over = poll_as(Client::Leaves, &mut serving, &mut Context::from_waker(Waker::noop()));
    if is_over.is_pending() && tokio::runtime::Handle::try_current().is_ok() {
        // A runtime that is shutting down accepts no tasks.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(spawn(Abandoned(serving)))));
    }
}

struct Abandoned(Serving);

impl Future for Abandoned {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        poll_as(Client::Gone, &mut self.0, context).map(drop)
    }
}

fn poll_as(
    client: Client,
    serving: &mut Serving,
    context: &mut Context<'_>,
) -> Poll<SecuredResponse> {
    /// Restores the state, also if the poll panics.
    struct Undo(Client);
    impl Drop for Undo {
        fn drop(&mut self) {
            CLIENT.set(self.0);
        }
    }
    let _undo = Undo(CLIENT.replace(client));
    serving.as_mut().poll(context)
}
