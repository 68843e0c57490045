//! The line between portal and keeper when they are two processes: a Unix socket, one question and one answer a
//! connection. Who asks is told by the system (`SO_PEERCRED`), what is asked is a typed message of limited length.

mod bind;
mod frame;
mod path;
mod server;

pub use bind::{ListenError, Listener, SocketLock, wait_until_free};
#[cfg(feature = "faults")]
pub(crate) use frame::read_whole;
pub(super) use frame::{FrameError, read, write};
pub(super) use path::connect;
pub use server::{Access, serve};
