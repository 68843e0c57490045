//! Permission sets and campaigns: what customers must be asked anew, and how many are asked at once.

mod permissions;
mod required;
