//! What an application that exists already brings along, one need a file.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

mod multipart_forms;
mod sizes_and_times;
mod sockets;
mod validated_bodies;
