//! Tokens and what leads to them: device codes, authorization codes, refresh tokens, client credentials.
//! Rules only; how requests arrive and answers leave is `wire`.

mod answer;
mod authorize;
mod client;
mod code;
mod device;
mod interactive;
mod issue;
mod keys;
mod ledger;
mod refresh;
mod scope;

pub use answer::{Asked, Person, Willing, answer, give, may_consent_for_tenant};
pub use authorize::{
    AdminConsentRequest, AuthorizeRequest, BadRequest, Prompt, ResponseMode, Return,
};
pub use client::{Presented, authenticate};
pub use code::{AuthorizationCode, Redemption, redeem as redeem_code};
pub use device::{Device, DeviceState, begin as begin_device, poll as poll_device};
pub use interactive::{
    ConsentStep, Flow, SignedIn, admit, asks_second_factor, consent_step, pass_policies,
};
pub use issue::{AccessClaims, AppToken, Life, access_token, app_token, client_info, id_token};
pub use keys::Keys;
pub use ledger::{Class, Entry, Ledger, Origin, RefreshToken, fingerprint, opaque};
pub use refresh::{Redeemed, for_app, refresh};
pub use scope::Scopes;
