//! The program from outside: one test binary, one module per room.

mod entra;
mod storage;
mod support;
