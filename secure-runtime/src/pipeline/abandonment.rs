//! Requests whose client is gone before the answer.
//!
//! Over HTTP/1 actix-web drops what serves a request when its connection ends. What was being judged would
//! then never be counted, and work that goes on elsewhere (on a thread, in a task) would outlive the place
//! that bounds it. So a dropped request goes on in the background where something hangs on how it ends:
//! credentials or a rule that are being judged, a budget for failures, a cost that the response says, a
//! place among requests at once. Anything else ends at once, as it does without `#[secure]`. A handler
//! that was not called yet is never called for a client that is gone.

use std::cell::Cell;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use actix_web::rt::spawn;

use super::SecuredResponse;

/// What serves a request.
pub(super) type Serving = Pin<Box<dyn Future<Output = SecuredResponse>>>;

/// Why a request is polled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Client {
    /// It waits for the answer.
    Waits,
    /// It has just gone: the request says whether it has to go on, and does nothing else.
    Leaves,
    /// It is gone, and the request goes on.
    Gone,
}

thread_local! {
    /// The client of the request that this thread polls.
    static CLIENT: Cell<Client> = const { Cell::new(Client::Waits) };
}

/// The client of the request that is being polled.
#[inline]
pub(super) fn client() -> Client {
    CLIENT.get()
}

/// Ends a request whose client is gone, or goes on with it. Where no runtime is left that could, it ends.
#[cold]
pub(super) fn finish_without_client(mut serving: Serving) {
    let is_over = poll_as(Client::Leaves, &mut serving, &mut Context::from_waker(Waker::noop()));
    if is_over.is_pending() && tokio::runtime::Handle::try_current().is_ok() {
        // A runtime that is about to end takes no tasks.
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
    /// Undone also where what is polled panics.
    struct Undo(Client);
    impl Drop for Undo {
        fn drop(&mut self) {
            CLIENT.set(self.0);
        }
    }
    let _undo = Undo(CLIENT.replace(client));
    serving.as_mut().poll(context)
}
