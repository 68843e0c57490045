//! What people do in a browser, done in process: approving device codes, authorization and admin consent without pages,
//! and the reviewer's decision over approval requests.

use std::collections::HashMap;

use url::Url;
use uuid::Uuid;

use super::grant::ApprovalState;
use super::{Consent, Directory, EditError, State, Wanted};
use crate::simulator::aadsts;
use crate::simulator::site::Call;
use crate::simulator::tokens::{
    self, AdminConsentRequest, Asked, AuthorizeRequest, BadRequest, DeviceState, Flow, Person,
    SignedIn,
};
use crate::simulator::wire;

/// A reviewer's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    Approve,
    Deny,
}

impl Directory {
    /// Approve the device code behind `user_code` as `person` would in a browser; policies refuse here as they do there.
    pub fn approve_device(&self, user_code: &str, person: &Person) -> Result<(), EditError> {
        self.change(|state, now| {
            let device = state
                .device_waiting(user_code, now)
                .ok_or_else(|| EditError::unknown("waiting device code", user_code))?
                .clone();
            let app = state
                .app(&device.client.to_string(), "organizations")?
                .clone();
            let signed_in = tokens::answer(
                state,
                &Asked {
                    app: &app,
                    tenant: device.tenant,
                    scopes: &device.scopes,
                    flow: Flow::DeviceCode,
                    correlation_id: device.correlation_id,
                },
                person,
                now,
            )?;
            state.answer_device(user_code, DeviceState::Approved(signed_in), now);
            Ok(())
        })
    }

    /// Press "Cancel" on the device code behind `user_code`.
    pub fn decline_device(&self, user_code: &str) -> Result<(), EditError> {
        self.change(|state, now| {
            if state.answer_device(user_code, DeviceState::Declined, now) {
                Ok(())
            } else {
                Err(EditError::unknown("waiting device code", user_code))
            }
        })
    }

    /// Go through an authorization request as `person`; the address the browser would land at.
    pub fn authorize(
        &self,
        base: &str,
        segment: &str,
        query: &HashMap<String, String>,
        person: &Person,
    ) -> Result<Url, EditError> {
        self.change(|state, now| {
            let request = AuthorizeRequest::parse(state, base, segment, query).map_err(failure)?;
            let app = state.app(&request.client.to_string(), segment)?.clone();
            let signed_in = tokens::answer(
                state,
                &Asked {
                    app: &app,
                    tenant: request.tenant,
                    scopes: &request.scopes,
                    flow: Flow::Browser,
                    correlation_id: crate::clock::random_uuid(),
                },
                person,
                now,
            )?;
            let fields = request.finish(state, signed_in, now);
            landing(request.back.url(&fields))
        })
    }

    /// Go through an admin consent request as `person`, granting or, with `refuse`, cancelling.
    pub(in crate::simulator) fn admin_consent(
        &self,
        call: &Call,
        segment: &str,
        query: &HashMap<String, String>,
        v1: bool,
        person: &Person,
        refuse: bool,
    ) -> Result<Url, EditError> {
        self.change(|state, now| {
            let request = AdminConsentRequest::parse(state, &call.base, segment, query, v1)
                .map_err(failure)?;
            if refuse {
                let description = wire::description(&aadsts::consent_declined(), call, true);
                return landing(request.back.url(&request.refused(description)));
            }
            let app = state.app(&request.client.to_string(), segment)?.clone();
            let (user, tenant) = tokens::admit(state, &app, request.tenant, &person.upn)?;
            let signed_in = SignedIn {
                user: user.oid,
                tenant: tenant.id,
                at: now,
                mfa_at: tokens::asks_second_factor(user, tenant).then_some(now),
            };
            let wanted = super::wanted(&app, &request.scopes)?;
            tokens::may_consent_for_tenant(state, &app, &signed_in, &wanted)?;
            tokens::give(
                state,
                app.client_id,
                &signed_in,
                &wanted,
                Consent::Organization,
                now,
            );
            landing(request.back.url(&request.granted(signed_in.tenant)))
        })
    }

    /// The reviewer's decision over an approval request.
    pub fn decide_approval(&self, id: Uuid, decision: Decision) -> Result<(), EditError> {
        self.change(|state, now| {
            let tenant = state
                .tenants
                .values_mut()
                .find(|t| t.approvals.iter().any(|a| a.id == id))
                .ok_or_else(|| EditError::unknown("approval request", id.to_string()))?;
            let mut granted: Option<(Uuid, Uuid, Vec<Wanted>)> = None;
            for request in tenant.approvals.iter_mut().filter(|a| a.id == id) {
                request.state = match decision {
                    Decision::Deny => ApprovalState::Denied,
                    Decision::Approve => {
                        granted =
                            Some((request.client, request.requested_by, request.wanted.clone()));
                        ApprovalState::Approved
                    }
                };
            }
            if let Some((client, user, wanted)) = granted {
                tenant.consent(client, user, &wanted, Consent::Organization, now);
            }
            Ok(())
        })
    }
}

impl State {
    /// Put `answer` on the waiting device code behind `user_code`; false: there is none.
    pub fn answer_device(
        &mut self,
        user_code: &str,
        answer: DeviceState,
        now: time::OffsetDateTime,
    ) -> bool {
        self.device_waiting(user_code, now)
            .map(|device| device.state = answer)
            .is_some()
    }
}

fn failure(bad: BadRequest) -> EditError {
    EditError::Refused(*bad.failure)
}

fn landing(url: Option<Url>) -> Result<Url, EditError> {
    url.ok_or_else(|| EditError::Invalid("the redirect URI is no address".to_owned()))
}
