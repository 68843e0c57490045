//! Onboarding at Microsoft: from "start" on our page to tokens in the store. The flow's row says where it stands; codes,
//! verifiers and tokens stay here. What is stored waits apart (`pending`) until everything required is acquired and, where
//! nobody was expected, a technician has confirmed who signed in.

mod account;
mod acquire;
mod arrive;
mod as_app;
mod attempt;
mod browser;
mod confirm;
mod consent;
mod device;
mod end;
mod fail;
mod settle;
mod words;
mod worker;

pub(super) use as_app::start_consent;
pub(super) use attempt::DomainCache;
pub(super) use browser::{finish_browser_sign_in, refuse_browser_sign_in, start_browser_sign_in};
pub(super) use confirm::{confirm, reject};
pub(super) use consent::{consent_address, resume};
pub(super) use device::start_device_code;
pub(super) use end::{Taken, end_flow, make_current, outcome};
pub(super) use worker::{sweep, work};
