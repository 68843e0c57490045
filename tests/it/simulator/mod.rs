//! The pretend Microsoft from outside, by HTTP: its file reads as the specification of what a client meets.

mod device_code;
mod support;
