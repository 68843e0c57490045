//! Permission sets and campaigns: what customers must be asked anew, and how many are asked at once.

mod acts;
mod crowd;
mod life;
mod pages;
mod permissions;
mod required;
mod retry;
mod stage;
mod twins;
mod zones;
