//! What may be asked of the keeper, and what it answers: plain serialisable values that carry no refresh token, no device
//! code and no database type. They travel as JSON over the keeper's socket.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;

pub mod alerts;
pub mod app;
pub mod app_only;
pub mod hand_out;
pub mod keys;
pub mod look;
pub mod plug;
pub mod quick;
pub mod totp;

use super::text::Text;

/// One question to the keeper. Ids are plain UUIDs: the keeper looks every row up itself, within the tenant named.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// Seal an invitation's token so that its Auth URL can be shown again. Answer: [`Reply::Sealed`].
    SealLink {
        tenant_id: Uuid,
        invitation_id: Uuid,
        token: Text,
    },
    /// Open an invitation's sealed token. Answer: [`Reply::Link`].
    OpenLink {
        tenant_id: Uuid,
        invitation_id: Uuid,
    },
    /// Ask Entra for a device code for a flow in state `started` and write it to the flow's row. The keeper polls from
    /// then on by itself, also after a restart. Answer: [`Reply::Done`]; a refusal by Entra is in the flow's row.
    StartDeviceCode { tenant_id: Uuid, flow_id: Uuid },
    /// Build the address of Microsoft's sign-in page for a flow; PKCE verifier and nonce stay here. `state` is the OAuth
    /// state that the portal stored as a hash. Answer: [`Reply::Address`].
    StartBrowserSignIn {
        tenant_id: Uuid,
        flow_id: Uuid,
        state: Text,
    },
    /// The browser came back with an authorization code. Redeems, verifies and acquires in the background; progress is in
    /// the flow's row. Answer: [`Reply::Done`] at once.
    FinishBrowserSignIn {
        tenant_id: Uuid,
        flow_id: Uuid,
        code: Text,
    },
    /// The browser came back from Microsoft's sign-in page with an OAuth error. It is recorded and the flow says why.
    RefuseBrowserSignIn {
        tenant_id: Uuid,
        flow_id: Uuid,
        error: String,
        description: String,
    },
    /// Build the address of Microsoft's admin-consent page for a flow. Answer: [`Reply::Address`].
    ConsentAddress {
        tenant_id: Uuid,
        flow_id: Uuid,
        state: Text,
    },
    /// The browser came back from admin consent (granted or not), or asks to look again after a reviewer's approval: try
    /// the missing resources once more, in the background. Answer: [`Reply::Done`] at once.
    ResumeFlow {
        tenant_id: Uuid,
        flow_id: Uuid,
        refusal: Option<String>,
    },
    /// Forget a flow's secrets (superseded, or its invitation was revoked). Answer: [`Reply::Done`].
    EndFlow { tenant_id: Uuid, flow_id: Uuid },
    /// A technician confirmed who signed in: make the pending connection the tenant's current one.
    ConfirmPending {
        tenant_id: Uuid,
        connection_id: Uuid,
        actor: Actor,
    },
    /// A technician refused who signed in: forget the pending tokens.
    RejectPending {
        tenant_id: Uuid,
        connection_id: Uuid,
        actor: Actor,
    },
    /// Refresh every resource of the tenant's current connection now, joining a refresh that runs already. Answer:
    /// [`Reply::Refreshed`].
    Refresh { tenant_id: Uuid },
    /// Run the live checks of "Validate Authentication". Answer: [`Reply::Validated`].
    Validate { tenant_id: Uuid },
    /// An access token for somebody who needs one now.
    HandOut(hand_out::Request),
    /// Access tokens that are stored and still live, for many at once; one answer each. Answer: [`Reply::HandedOutMany`].
    HandOutMany { all: Vec<quick::Quick> },
    /// The demo's clock stands here, milliseconds ahead of the system's. A keeper in production refuses.
    MoveClock { offset_ms: i64 },
    /// Change our own app registrations. Answer: [`Reply::App`].
    App(app::AppChange),
    /// About standings of the application itself.
    AppOnly(app_only::Ask),
    /// There is something to disconnect.
    Plug(plug::Ask),
    /// Look closer at a token or at policies. Answer: [`Reply::Looked`].
    Look(look::Ask),
    /// Master keys: read again, or told of.
    Keys(keys::Request),
    /// Authenticator apps of technicians. Answer: [`Reply::Totp`].
    Totp(totp::Ask),
    /// Channels of alerts. Answer: [`Reply::Alerts`].
    Alerts(alerts::Ask),
    /// Is the keeper able to work: key canary opened, database reachable. Answer: [`Reply::Health`].
    Health,
}

/// Who caused a change, as the audit log names it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Actor {
    /// `technician`, `customer`, `keeper`, `worker`, `command` or `key`.
    pub kind: String,
    pub id: Option<Uuid>,
    /// A technician's e-mail, or what acted by itself.
    pub name: String,
    /// Address of the browser; empty when there was none.
    pub ip: String,
}

/// The keeper's answer to a [`Request`]. Each stands under its own name: a field that tells them apart would have serde keep what
/// came in a copy of its own, secrets among it, until it has read that field.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    Done,
    /// Ciphertext of an invitation's token, for `invitations.token_sealed`.
    Sealed {
        ciphertext: Vec<u8>,
    },
    /// An invitation's token in the clear, to be shown once more.
    Link {
        token: Text,
    },
    /// An address at Microsoft for a plain link on our page.
    Address {
        url: String,
    },
    Refreshed {
        resources: Vec<ResourceResult>,
    },
    Validated {
        connection_id: Uuid,
        checks: Vec<Check>,
    },
    /// Answer to [`app_only::Ask::TryOwn`].
    AppOnly(app_only::Began),
    /// Answer to [`Request::HandOut`].
    HandedOut(hand_out::HandedOut),
    /// Answer to [`Request::HandOutMany`].
    HandedOutMany {
        all: Vec<quick::QuickReply>,
    },
    App(app::AppChanged),
    /// Answer to [`Request::Look`].
    Looked(look::Answer),
    /// Answer to [`Request::Keys`].
    Keys(keys::Reply),
    /// Answer to [`Request::Totp`].
    Totp(totp::Answer),
    /// Answer to [`Request::Alerts`].
    Alerts(alerts::Answer),
    Health {
        ready: bool,
        detail: String,
    },
    Refused(Refusal),
}

/// Why the keeper did not do what was asked; nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum Refusal {
    /// No such tenant, flow, invitation or connection, or not in a state that allows it.
    #[error("nothing there that allows this")]
    NotThere,
    /// The tenant is suspended by the MSP.
    #[error("the tenant is suspended")]
    Suspended,
    /// No app registration with a usable credential is stored.
    #[error("no usable app registration")]
    NoApp,
    /// A sealed value could not be opened; the row is quarantined.
    #[error("a sealed value could not be opened")]
    Quarantined,
    /// The authorisation is dead or was never given: a person must act. `cause` is a category of the catalogue.
    #[error("the authorisation needs a person")]
    NeedsPerson {
        state: String,
        cause: Option<String>,
    },
    /// No access token lives as long as was asked; `possible_s` seconds are had at most.
    #[error("no access token lives that long")]
    TtlTooLong { possible_s: u64 },
    /// No question that this keeper knows, or a longer one than it reads.
    #[error("the question is not understood")]
    NotUnderstood,
    /// As many questions are in work as the keeper takes; ask again in a few seconds.
    #[error("the keeper is busy")]
    Busy,
    /// The claims challenge handed in is none.
    #[error("that is no claims challenge")]
    BadChallenge,
    /// Microsoft could not be asked, or said to wait; `retry_after_s` seconds when it told.
    #[error("Microsoft cannot be reached right now")]
    TryLater { retry_after_s: Option<u64> },
    /// The keeper itself is in trouble (database, keys); the log has the cause under `reference`.
    #[error("the keeper cannot work right now (reference {reference})")]
    Trouble { reference: Uuid },
}

/// One resource of the resource set after a refresh.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ResourceResult {
    /// `graph`, `exchange`, `teams` or `azure`.
    pub resource: String,
    pub required: bool,
    pub valid: bool,
    pub expires_at: Option<OffsetDateTime>,
    /// `msal_errors.id` of the failure recorded, when there was one.
    pub error_id: Option<i64>,
}

/// One line of "Validate Authentication".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    pub check: CheckKind,
    pub outcome: CheckOutcome,
    /// What was seen, in a plain sentence without secrets.
    pub detail: String,
    /// `msal_errors.id` of the failure recorded, when there was one.
    pub error_id: Option<i64>,
}

/// What "Validate Authentication" looks at, in the order shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckKind {
    /// The refresh works for one resource of the set (its name is in the detail).
    Refresh,
    /// The tenant answers at Graph and is the one bound.
    Tenant,
    /// The account behind the token is the expected one.
    Account,
    /// Granted permissions cover the required ones.
    Permissions,
    /// Directory roles the account holds.
    Roles,
    /// Federated or managed sign-in.
    SignIn,
    /// Our enterprise application is present and enabled in the tenant.
    EnterpriseApplication,
    /// Days left of the credential that an app-only standing lives by.
    Credential,
}

/// How a check ended. Only `Failed` turns the banner red; `Warning` and `Skipped` say what they mean in the detail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckOutcome {
    Passed,
    Warning,
    Failed,
    /// Could not be looked at because an earlier check failed or a permission is missing.
    Skipped,
    /// There is no such thing with this kind of standing.
    NotApplicable,
}
