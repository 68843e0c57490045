//! The pretend Microsoft from outside, by HTTP: its file reads as the specification of what a client meets.

mod app_only;
mod authorize;
mod browser;
mod clients;
mod control;
mod deaths;
mod device_code;
mod faults;
mod graph;
mod pages;
mod refresh;
mod state_file;
mod support;
mod wire;
