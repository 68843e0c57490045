//! Every question and answer survives the trip as text, so that a socket may carry them.

use tenantry::keeper::message::{
    Actor, Check, CheckKind, CheckOutcome, Refusal, Reply, Request, ResourceResult, totp,
};
use uuid::Uuid;

use crate::support::keeper::text;

const ID: Uuid = Uuid::from_u128(7);

#[test]
fn every_question() {
    let (tenant_id, flow_id, invitation_id, connection_id) = (ID, ID, ID, ID);
    let actor = || Actor {
        kind: "technician".into(),
        id: Some(ID),
        name: "tess@msp.example".into(),
        ip: "192.0.2.1".into(),
    };
    let questions = vec![
        Request::SealLink {
            tenant_id,
            invitation_id,
            token: text("t"),
        },
        Request::OpenLink {
            tenant_id,
            invitation_id,
        },
        Request::StartDeviceCode { tenant_id, flow_id },
        Request::StartBrowserSignIn {
            tenant_id,
            flow_id,
            state: text("s"),
        },
        Request::FinishBrowserSignIn {
            tenant_id,
            flow_id,
            code: text("c"),
        },
        Request::RefuseBrowserSignIn {
            tenant_id,
            flow_id,
            error: "access_denied".into(),
            description: "AADSTS65004".into(),
        },
        Request::ConsentAddress {
            tenant_id,
            flow_id,
            state: text("s"),
        },
        Request::ResumeFlow {
            tenant_id,
            flow_id,
            refusal: Some("AADSTS90094".into()),
        },
        Request::EndFlow { tenant_id, flow_id },
        Request::ConfirmPending {
            tenant_id,
            connection_id,
            actor: actor(),
        },
        Request::RejectPending {
            tenant_id,
            connection_id,
            actor: actor(),
        },
        Request::Refresh { tenant_id },
        Request::Validate { tenant_id },
        Request::Totp(totp::Ask::Make {
            technician_id: ID,
            factor_id: ID,
        }),
        Request::Totp(totp::Ask::Show {
            technician_id: ID,
            factor_id: ID,
        }),
        Request::Totp(totp::Ask::Check {
            technician_id: ID,
            factor_id: ID,
            code: text("123456"),
        }),
        Request::Health,
    ];
    for question in questions {
        let sent = serde_json::to_string(&question).unwrap();
        let read: Request = serde_json::from_str(&sent).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), sent);
    }
}

#[test]
fn every_answer() {
    let answers = vec![
        Reply::Done,
        Reply::Sealed {
            ciphertext: vec![0, 255],
        },
        Reply::Link { token: text("t") },
        Reply::Totp(totp::Answer::Made {
            ciphertext: vec![0, 255],
            seed: text("s"),
        }),
        Reply::Totp(totp::Answer::Checked { is_right: true }),
        Reply::Address { url: "u".into() },
        Reply::Refreshed {
            resources: vec![ResourceResult {
                resource: "graph".into(),
                required: true,
                valid: false,
                expires_at: Some(time::macros::datetime!(2026-03-02 08:00 UTC)),
                error_id: Some(1),
            }],
        },
        Reply::Validated {
            connection_id: ID,
            checks: vec![Check {
                check: CheckKind::EnterpriseApplication,
                outcome: CheckOutcome::Skipped,
                detail: "d".into(),
                error_id: None,
            }],
        },
        Reply::Health {
            ready: true,
            detail: "d".into(),
        },
        Reply::Refused(Refusal::NotThere),
        Reply::Refused(Refusal::Suspended),
        Reply::Refused(Refusal::NoApp),
        Reply::Refused(Refusal::Quarantined),
        Reply::Refused(Refusal::TryLater {
            retry_after_s: Some(5),
        }),
        Reply::Refused(Refusal::Trouble { reference: ID }),
    ];
    for answer in answers {
        let sent = serde_json::to_string(&answer).unwrap();
        let read: Reply = serde_json::from_str(&sent).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), sent);
    }
}

#[test]
fn nothing_secret_shows_in_a_question_that_is_logged() {
    let question = Request::SealLink {
        tenant_id: ID,
        invitation_id: ID,
        token: text("inv_secret"),
    };
    assert!(!format!("{question:?}").contains("inv_secret"));
}
