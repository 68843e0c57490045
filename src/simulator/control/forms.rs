//! What the control page's forms do. Each goes back to the page it came from.

use axum::Form;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::problem::Problem;
use crate::simulator::directory::answers::Decision;
use crate::simulator::directory::{Area, Cause, EditError, FaultKind, Mode, NewFault, Target};
use crate::simulator::site::Site;

/// Causes of death as the page offers them: the name of the JSON interface, and words.
pub const TENANT_CAUSES: [(&str, &str); 18] = [
    ("password_change", "Password changed (50173)"),
    ("sessions_revoked", "Sessions revoked (50173)"),
    ("user_disabled", "User disabled (50057)"),
    ("user_deleted", "User deleted (500341)"),
    ("mfa_required", "Second factor required (50076 / 50079)"),
    ("mfa_expired", "Second factor too old (50078)"),
    (
        "conditional_access",
        "Blocked by Conditional Access (53003)",
    ),
    ("device_code_blocked", "Device code blocked (530036)"),
    (
        "device_code_blocked_at_redemption",
        "Device code blocked at redemption (530036, new: 53003)",
    ),
    ("compliant_device", "Compliant device required (53000)"),
    ("sign_in_frequency", "Sign-in frequency of one hour (70043)"),
    ("idle90_days", "90 days idle (700082)"),
    ("federated12_hours", "Federated, 12 hours over (700081)"),
    ("consent_withdrawn", "Consent withdrawn (65001)"),
    (
        "enterprise_app_deleted",
        "Enterprise application deleted (700016)",
    ),
    (
        "enterprise_app_disabled",
        "Enterprise application disabled (7000112)",
    ),
    ("resource_disabled", "Exchange Online switched off (500014)"),
    ("tenant_gone", "Tenant gone (90002)"),
];

/// A form's outcome: back to where it was, or a sentence about what was wrong.
fn done(changed: Result<(), EditError>, tenant: Option<&str>) -> Response {
    if let Err(error) = changed {
        let problem = Problem(error);
        return (problem.status(), problem.0.to_string()).into_response();
    }
    let place = match tenant.and_then(|t| t.parse::<Uuid>().ok()) {
        Some(id) => format!("/control/tenants/{id}"),
        None => "/control".to_owned(),
    };
    Redirect::to(&place).into_response()
}

#[derive(Deserialize)]
pub struct ClockForm {
    advance_seconds: u64,
}

pub async fn clock(State(site): State<Site>, Form(form): Form<ClockForm>) -> Redirect {
    let by = std::time::Duration::from_secs(form.advance_seconds);
    site.directory.clock().advance(by);
    site.directory.change(|_, _| ());
    Redirect::to("/control")
}

#[derive(Deserialize)]
pub struct ModeForm {
    mode: Mode,
}

pub async fn mode(State(site): State<Site>, Form(form): Form<ModeForm>) -> Redirect {
    site.directory
        .change(|state, _| state.settings.mode = form.mode);
    Redirect::to("/control")
}

#[derive(Deserialize)]
pub struct KillForm {
    #[serde(default)]
    tenant: String,
    #[serde(default)]
    user: String,
    #[serde(default)]
    client_id: Option<Uuid>,
    cause: String,
}

impl KillForm {
    fn target(&self) -> Target {
        let named = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Target {
            tenant: named(&self.tenant),
            user: named(&self.user),
            client_id: self.client_id,
        }
    }
}

pub async fn kill(State(site): State<Site>, Form(form): Form<KillForm>) -> Response {
    // One hour and Exchange stand in for what the JSON interface lets choose.
    let cause = json!({"cause": form.cause, "seconds": 3600, "resource": "exchange"});
    let killed = serde_json::from_value::<Cause>(cause)
        .map_err(|_| EditError::unknown("cause", &form.cause))
        .and_then(|cause| site.directory.kill(&form.target(), &cause));
    done(killed, Some(&form.tenant))
}

#[derive(Deserialize)]
pub struct RestoreForm {
    tenant: String,
}

pub async fn restore(State(site): State<Site>, Form(form): Form<RestoreForm>) -> Response {
    let restored = site.directory.restore(&Target::tenant(&form.tenant));
    done(restored, Some(&form.tenant))
}

#[derive(Deserialize)]
pub struct FaultForm {
    #[serde(default)]
    tenant: String,
    kind: String,
    #[serde(default)]
    count: u32,
    /// `AADSTS` number of a scripted error.
    #[serde(default)]
    code: Option<u32>,
}

pub async fn fault(State(site): State<Site>, Form(form): Form<FaultForm>) -> Response {
    let kind = match form.kind.as_str() {
        "throttled" => FaultKind::Throttled { retry_after: 30 },
        "outage" => FaultKind::Outage { status: 503 },
        "slow" => FaultKind::Slow {
            milliseconds: 10_000,
        },
        "truncated" => FaultKind::Truncated,
        "wrong_json" => FaultKind::WrongJson,
        "html" => FaultKind::Html,
        "empty" => FaultKind::Empty,
        _ => FaultKind::Error {
            code: form.code.unwrap_or(999_999),
            error: "invalid_grant".to_owned(),
            suberror: None,
            text: None,
            status: None,
            stacked: false,
        },
    };
    let added = site.directory.add_fault(NewFault {
        tenant: (!form.tenant.is_empty()).then(|| form.tenant.clone()),
        area: Area::Token,
        grant: None,
        kind,
        count: Some(form.count.max(1)),
        seconds: None,
    });
    done(added.map(|_| ()), Some(&form.tenant))
}

pub async fn clear_faults(State(site): State<Site>) -> Redirect {
    site.directory.clear_faults(None);
    Redirect::to("/control")
}

#[derive(Deserialize)]
pub struct ApprovalForm {
    decision: String,
}

pub async fn approval(
    State(site): State<Site>,
    Path(id): Path<Uuid>,
    Form(form): Form<ApprovalForm>,
) -> Response {
    let decision = if form.decision == "approve" {
        Decision::Approve
    } else {
        Decision::Deny
    };
    done(site.directory.decide_approval(id, decision), None)
}
