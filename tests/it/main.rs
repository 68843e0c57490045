//! The program from outside: one test binary, one module per room.

mod storage;
mod support;
