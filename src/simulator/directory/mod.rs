//! What the simulated Microsoft knows: tenants, users, app registrations, the tokens it issued and the troubles it was
//! told to make. No HTTP in here; the handle is what the demo and tests hold in process.

pub mod answers;
mod app;
mod consent;
mod death;
mod edit;
mod fault;
mod fleet;
mod grant;
mod handle;
mod lookup;
pub mod resource;
mod sample;
mod settings;
mod state;
mod tenant;
mod user;

pub use app::{App, ClientCertificate, ClientSecret, RequiredAccess};
pub use consent::{
    Consent, contains_all, may_consent_for_all, may_consent_for_self, missing, wanted,
};
pub use death::{Cause, Target};
pub use edit::EditError;
pub use fault::{Area, Fault, FaultKind, NewFault};
pub use fleet::{FleetOrder, Member};
pub use grant::{AppRole, ApprovalRequest, ApprovalState, Grant, Wanted};
pub use handle::Directory;
pub use lookup::Segment;
pub use resource::Resource;
pub use sample::{SampleApp, plant, required_access};
pub use settings::{GRACE_SECONDS, Mode, Settings, TextStyle};
pub(in crate::simulator) use state::State;
pub use tenant::{
    DeviceCodeBlock, LifetimePolicy, NewTenant, Policies, Principal, Realm, SignIn, Tenant,
    TenantPatch,
};
pub use user::{DEFAULT_PASSWORD, Mfa, NewUser, User, UserPatch};
