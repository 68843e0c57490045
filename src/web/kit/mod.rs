//! What pages share: who is looking, error pages, forms, paging, addresses, headers and assets. Nothing here knows a page.

pub mod again;
pub mod agent;
pub mod assets;
pub mod chrome;
pub mod denial;
pub mod error;
mod fields;
pub mod form;
pub mod guard;
pub mod headers;
pub mod json;
pub mod kept;
pub mod limit;
pub mod load;
pub mod log;
pub mod notice;
pub mod paging;
pub mod paths;
pub mod peer;
pub mod policy;
pub mod routes;
pub mod session;
pub mod tell;
pub mod together;
pub mod viewer;
pub mod when;
