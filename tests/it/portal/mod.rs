//! The Customer portal, from outside.

mod held;
mod invitations;
