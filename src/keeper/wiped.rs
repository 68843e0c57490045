//! Bytes that are overwritten when they are dropped.

use std::fmt;
use std::ops::{Deref, DerefMut};

/// Secret bytes: silent in `Debug`, zeroed when dropped with the room behind them. Growing moves them and leaves a copy, so make
/// them as long as they become. `Zeroizing` does the same byte by byte, which tells where kilobytes pass by the thousand.
#[derive(PartialEq, Eq)]
pub struct Wiped(Vec<u8>);

impl Wiped {
    pub const fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl Drop for Wiped {
    fn drop(&mut self) {
        self.0.resize(self.0.capacity(), 0);
        self.0.fill(0);
        // Nobody reads them any more, which is no reason to leave the zeros out.
        zeroize::optimization_barrier(self.0.as_slice());
    }
}

impl Deref for Wiped {
    type Target = Vec<u8>;

    fn deref(&self) -> &Vec<u8> {
        &self.0
    }
}

impl DerefMut for Wiped {
    fn deref_mut(&mut self) -> &mut Vec<u8> {
        &mut self.0
    }
}

impl fmt::Debug for Wiped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Wiped({} bytes)", self.0.len())
    }
}
