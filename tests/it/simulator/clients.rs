//! Off-the-shelf clients.
