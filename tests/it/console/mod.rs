//! The Multitenant portal, from outside.

mod invitations;
