//! Device codes: begun by the client, answered in a browser, polled by the client.

use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::interactive::SignedIn;
use super::ledger::{Class, Origin};
use super::refresh::{Redeemed, for_user, second_factor};
use super::scope::Scopes;
use crate::simulator::aadsts::{self, Aadsts};
use crate::simulator::directory::{App, DeviceCodeBlock, SignIn, State};

/// One device code and where it stands.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Device {
    /// What the client polls with.
    pub secret: String,
    pub user_code: String,
    pub client: Uuid,
    /// The tenant it was asked for; absent: `organizations` or `common`.
    pub tenant: Option<Uuid>,
    pub scopes: Scopes,
    pub correlation_id: Uuid,
    #[serde(with = "time::serde::rfc3339")]
    pub expires_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339::option")]
    pub last_poll: Option<OffsetDateTime>,
    pub fast_polls: u32,
    pub state: DeviceState,
}

impl Device {
    /// The tenant of the person who approved it.
    pub fn answered_in(&self) -> Option<Uuid> {
        match &self.state {
            DeviceState::Approved(signed_in) => Some(signed_in.tenant),
            _ => self.tenant,
        }
    }
}

/// What became of a device code.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum DeviceState {
    Pending,
    Approved(SignedIn),
    Declined,
    Redeemed,
}

/// Letters and digits of a user code; without vowels, so that no words arise, and without look-alikes.
const ALPHABET: &[u8] = b"BCDFGHJKLMNPQRSTVWXYZ23456789";
const USER_CODE_LENGTH: usize = 9;
const DEVICE_CODE_BYTES: usize = 192;
/// Expired device codes are forgotten after so long; until then they are told apart from unknown ones.
const REMEMBERED: Duration = Duration::days(1);

/// Begin a device code for `app`.
pub fn begin(
    state: &mut State,
    app: Uuid,
    tenant: Option<Uuid>,
    scopes: Scopes,
    correlation_id: Uuid,
    now: OffsetDateTime,
) -> Device {
    state.devices.retain(|_, d| d.expires_at + REMEMBERED > now);
    let device = Device {
        secret: format!(
            "BAQABIQEAAAD{}",
            super::ledger::opaque::<DEVICE_CODE_BYTES>()
        ),
        user_code: user_code(),
        client: app,
        tenant,
        scopes,
        correlation_id,
        expires_at: now + Duration::seconds(state.settings.device_expires_in),
        last_poll: None,
        fast_polls: 0,
        state: DeviceState::Pending,
    };
    state.devices.insert(device.secret.clone(), device.clone());
    device
}

/// Poll once.
pub fn poll(
    state: &mut State,
    app: &App,
    device_code: &str,
    correlation_id: Uuid,
    now: OffsetDateTime,
) -> Result<Redeemed, Aadsts> {
    let interval = Duration::seconds(state.settings.device_interval);
    let allowed = state.settings.fast_polls_allowed;
    let device = state
        .devices
        .get_mut(device_code)
        .ok_or_else(aadsts::device_code_unknown)?;
    if device.client != app.client_id {
        return Err(aadsts::device_code_unknown());
    }
    // A second of tolerance: clients that wait the interval exactly must not be counted as fast.
    let fast = device
        .last_poll
        .is_some_and(|last| now - last + Duration::SECOND < interval);
    device.last_poll = Some(now);
    device.fast_polls += u32::from(fast);
    if device.fast_polls > allowed {
        return Err(aadsts::client_loop());
    }
    let signed_in = match &device.state {
        DeviceState::Redeemed => return Err(aadsts::device_redeemed()),
        DeviceState::Declined => return Err(aadsts::device_declined()),
        _ if now >= device.expires_at => return Err(aadsts::device_expired()),
        DeviceState::Pending => return Err(aadsts::device_pending()),
        DeviceState::Approved(signed_in) => *signed_in,
    };
    device.state = DeviceState::Redeemed;
    let scopes = device.scopes.clone();
    redeem(state, app, signed_in, scopes, correlation_id, now)
}

/// Redeem an approved code. Policies that the browser could not see refuse here.
fn redeem(
    state: &mut State,
    app: &App,
    signed_in: SignedIn,
    scopes: Scopes,
    correlation_id: Uuid,
    now: OffsetDateTime,
) -> Result<Redeemed, Aadsts> {
    let tenant = state.live_tenant(signed_in.tenant)?;
    let user = state
        .users
        .get(&signed_in.user)
        .filter(|u| !u.deleted)
        .ok_or_else(|| aadsts::user_deleted(signed_in.user, signed_in.tenant))?;
    let policies = &tenant.policies;
    let refusal = if !user.enabled {
        Some(aadsts::user_disabled())
    } else if policies.block_device_code == DeviceCodeBlock::Redemption {
        Some(aadsts::blocked_by_conditional_access())
    } else if policies.compliant_device {
        Some(aadsts::device_not_compliant())
    } else {
        second_factor(tenant, user, signed_in.mfa_at, scopes.resource).err()
    };
    if let Some(refusal) = refusal {
        let line = SignIn {
            id: crate::clock::random_uuid(),
            correlation_id,
            at: now,
            upn: user.upn.clone(),
            oid: user.oid,
            client: app.client_id,
            code: refusal.code,
            reason: refusal.text.clone(),
            device_code: true,
        };
        if let Some(tenant) = state.tenants.get_mut(&signed_in.tenant) {
            tenant.record(line);
        }
        return Err(refusal);
    }
    let granted = for_user(tenant, user.oid, app, &scopes)?;
    let origin = Origin {
        family: crate::clock::random_uuid(),
        user: user.oid,
        tenant: user.tenant,
        client: app.client_id,
        class: Class::Public,
        signed_in_at: signed_in.at,
        mfa_at: signed_in.mfa_at,
        device_code: true,
    };
    let refresh_token = scopes
        .wants("offline_access")
        .then(|| state.ledger.issue(origin.clone(), now));
    Ok(Redeemed {
        tenant: signed_in.tenant,
        origin,
        scopes,
        granted,
        refresh_token,
        nonce: None,
    })
}

fn user_code() -> String {
    crate::clock::random_bytes::<USER_CODE_LENGTH>()
        .iter()
        .filter_map(|byte| ALPHABET.get(usize::from(*byte) % ALPHABET.len()))
        .map(|c| char::from(*c))
        .collect()
}

impl State {
    /// The device code that waits behind `user_code`, as typed by a person.
    pub fn device_waiting(&mut self, user_code: &str, now: OffsetDateTime) -> Option<&mut Device> {
        let typed: String = user_code
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .map(|c| c.to_ascii_uppercase())
            .collect();
        self.devices.values_mut().find(|d| {
            d.user_code == typed && now < d.expires_at && matches!(d.state, DeviceState::Pending)
        })
    }
}
