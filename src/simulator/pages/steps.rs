//! From one step to the next: account, password, second factor, policies, confirmation, consent.

use std::collections::HashMap;

use uuid::Uuid;

use super::browsers::Session;
use super::start::{Interaction, Purpose, Step};
use crate::simulator::aadsts::{self, Aadsts};
use crate::simulator::directory::{
    ApprovalRequest, ApprovalState, Consent, Mfa, State, Wanted, wanted,
};
use crate::simulator::site::Site;
use crate::simulator::tokens::{
    self, ConsentStep, DeviceState, Prompt, SignedIn, asks_second_factor,
};

/// Fields of a posted form.
pub type Fields = HashMap<String, String>;

/// What a step led to.
pub enum Outcome {
    /// Show the interaction's page.
    Show,
    /// The browser has a new session; show the page.
    Session(Session),
    /// Back to the client with these fields.
    Back(Vec<(&'static str, String)>),
    /// Back to the client with a refusal.
    Refuse(Aadsts),
}

impl Interaction {
    /// Take the input of the current page.
    pub fn advance(&mut self, site: &Site, fields: &Fields) -> Outcome {
        self.notice = None;
        let text = |name: &str| fields.get(name).map_or("", |v| v.trim());
        let pressed = text("action");
        if pressed == "other_account" {
            self.step = Step::Account(String::new());
            return Outcome::Show;
        }
        match self.step.clone() {
            Step::Pick(session) => self.signed_in(site, &session),
            Step::Account(_) => {
                self.account(site, text("username"));
                Outcome::Show
            }
            Step::Password { user } => {
                let password = fields.get("password").map_or("", String::as_str);
                self.password(site, user, password)
            }
            Step::SecondFactor { user, code, enrol } => {
                self.second_factor(site, user, &code, enrol, text("mfa_code"), pressed)
            }
            Step::Confirm(signed_in) => self.confirm(site, signed_in, pressed),
            Step::Consent {
                signed_in,
                wanted,
                for_all,
            } => {
                if pressed != "accept" {
                    return self.declined(site);
                }
                let organisation = for_all
                    && (matches!(self.purpose, Purpose::AdminConsent(_))
                        || fields.contains_key("on_behalf"));
                let consent = if organisation {
                    Consent::Organization
                } else {
                    Consent::User
                };
                let client = self.app.client_id;
                site.directory.change(|state, now| {
                    tokens::give(state, client, &signed_in, &wanted, consent, now);
                });
                self.finish(site, signed_in)
            }
            Step::Approval {
                signed_in,
                wanted,
                workflow,
            } => {
                if pressed != "request" || !workflow {
                    return self.declined(site);
                }
                self.request_approval(site, &signed_in, wanted, text("justification"));
                Outcome::Show
            }
            Step::Requested | Step::Done | Step::Cancelled | Step::Failed(_) => Outcome::Show,
        }
    }

    /// Take a user name.
    pub fn account(&mut self, site: &Site, typed: &str) {
        let found = site.directory.read(|state| {
            tokens::admit(state, &self.app, self.tenant, typed).map(|(user, _)| user.oid)
        });
        self.step = match found {
            Ok(user) => Step::Password { user },
            Err(failure) if failure.code == 50034 => {
                self.notice = Some(
                    "We couldn't find an account with that username. Try another account."
                        .to_owned(),
                );
                Step::Account(typed.to_owned())
            }
            Err(failure) => Step::Failed(Box::new(failure)),
        };
    }

    fn password(&mut self, site: &Site, user: Uuid, typed: &str) -> Outcome {
        let asks = site.directory.read(|state| {
            let found = state.users.get(&user).filter(|u| u.password == typed)?;
            let tenant = state
                .live_tenant(self.tenant.unwrap_or(found.tenant))
                .ok()?;
            Some((asks_second_factor(found, tenant), found.mfa == Mfa::None))
        });
        let Some((asks, enrol)) = asks else {
            self.notice = Some(
                "Your account or password is incorrect. If you don't remember your password, reset it now. \
                 (AADSTS50126)"
                    .to_owned(),
            );
            return Outcome::Show;
        };
        if asks {
            self.step = Step::SecondFactor {
                user,
                code: six_digits(),
                enrol,
            };
            return Outcome::Show;
        }
        self.fresh_session(site, user, false)
    }

    fn second_factor(
        &mut self,
        site: &Site,
        user: Uuid,
        code: &str,
        enrol: bool,
        typed: &str,
        pressed: &str,
    ) -> Outcome {
        if pressed == "deny" {
            self.step = Step::Failed(Box::new(aadsts::second_factor_denied()));
            return Outcome::Show;
        }
        let digits: String = typed.chars().filter(char::is_ascii_digit).collect();
        if digits != code {
            self.notice = Some(
                "You didn't enter the expected verification code. Please try again. (AADSTS500121)"
                    .to_owned(),
            );
            return Outcome::Show;
        }
        if enrol {
            site.directory.change(|state, _| {
                if let Some(user) = state.users.get_mut(&user) {
                    user.mfa = Mfa::Enrolled;
                }
            });
        }
        self.fresh_session(site, user, true)
    }

    fn fresh_session(&mut self, site: &Site, user: Uuid, with_mfa: bool) -> Outcome {
        let now = site.directory.now();
        let session = Session {
            user,
            at: now,
            mfa_at: with_mfa.then_some(now),
        };
        match self.signed_in(site, &session) {
            Outcome::Show => Outcome::Session(session),
            other => other,
        }
    }

    /// Go on with a person who is signed in: account once more, policies, then confirmation or consent.
    pub fn signed_in(&mut self, site: &Site, session: &Session) -> Outcome {
        let (app, tenant, flow) = (self.app.clone(), self.tenant, self.flow());
        let correlation_id = self.correlation_id;
        let passed = site.directory.change(|state, _| {
            let upn = state
                .users
                .get(&session.user)
                .map(|u| u.upn.clone())
                .unwrap_or_default();
            let (user, tenant) = tokens::admit(state, &app, tenant, &upn)?;
            let signed_in = SignedIn {
                user: user.oid,
                tenant: tenant.id,
                at: session.at,
                mfa_at: session.mfa_at,
            };
            tokens::pass_policies(state, &app, &signed_in, flow, correlation_id)?;
            Ok::<_, Aadsts>(signed_in)
        });
        match passed {
            Ok(signed_in) if matches!(self.purpose, Purpose::Device { .. }) => {
                self.step = Step::Confirm(signed_in);
                Outcome::Show
            }
            Ok(signed_in) => self.consent(site, signed_in),
            // A session without second factor where one is needed: ask for it now.
            Err(failure) if matches!(failure.code, 50076 | 50078 | 50079) => {
                self.step = Step::SecondFactor {
                    user: session.user,
                    code: six_digits(),
                    enrol: failure.code == 50079,
                };
                Outcome::Show
            }
            Err(failure) => self.fail(failure),
        }
    }

    fn confirm(&mut self, site: &Site, signed_in: SignedIn, pressed: &str) -> Outcome {
        if pressed != "continue" {
            return self.declined(site);
        }
        self.consent(site, signed_in)
    }

    /// Show the consent that is still wanted, or finish.
    fn consent(&mut self, site: &Site, signed_in: SignedIn) -> Outcome {
        let next = site
            .directory
            .read(|state| self.next_step(state, &signed_in));
        match next {
            Ok(ConsentStep::Nothing) => self.finish(site, signed_in),
            Ok(ConsentStep::Ask { wanted, for_all }) => {
                self.step = Step::Consent {
                    signed_in,
                    wanted,
                    for_all,
                };
                Outcome::Show
            }
            Ok(ConsentStep::Approval { wanted, workflow }) => {
                self.step = Step::Approval {
                    signed_in,
                    wanted,
                    workflow,
                };
                Outcome::Show
            }
            Err(failure) => self.fail(failure),
        }
    }

    fn next_step(&self, state: &State, signed_in: &SignedIn) -> Result<ConsentStep, Aadsts> {
        let tenant = state.live_tenant(signed_in.tenant)?;
        let user = state
            .users
            .get(&signed_in.user)
            .ok_or_else(|| aadsts::user_deleted(signed_in.user, signed_in.tenant))?;
        let scopes = self.scopes();
        if let Purpose::AdminConsent(_) = self.purpose {
            let wanted = wanted(&self.app, scopes)?;
            return Ok(
                match tokens::may_consent_for_tenant(state, &self.app, signed_in, &wanted) {
                    Ok(()) => ConsentStep::Ask {
                        wanted,
                        for_all: true,
                    },
                    Err(_) => ConsentStep::Approval {
                        wanted,
                        workflow: tenant.approval_workflow,
                    },
                },
            );
        }
        let step = tokens::consent_step(tenant, user, &self.app, scopes)?;
        if step == ConsentStep::Nothing && self.prompt() == Prompt::Consent {
            let wanted = wanted(&self.app, scopes)?;
            let for_all =
                tokens::may_consent_for_tenant(state, &self.app, signed_in, &wanted).is_ok();
            return Ok(ConsentStep::Ask { wanted, for_all });
        }
        Ok(step)
    }

    /// Everything is granted: approve the device code, or go back to the client.
    fn finish(&mut self, site: &Site, signed_in: SignedIn) -> Outcome {
        match &self.purpose {
            Purpose::Device { user_code, .. } => {
                let answered = site.directory.change(|state, now| {
                    state.answer_device(user_code, DeviceState::Approved(signed_in), now)
                });
                self.step = if answered {
                    Step::Done
                } else {
                    Step::Failed(Box::new(aadsts::device_expired()))
                };
                Outcome::Show
            }
            Purpose::Authorize(request) => Outcome::Back(
                site.directory
                    .change(|state, now| request.finish(state, signed_in, now)),
            ),
            Purpose::AdminConsent(request) => Outcome::Back(request.granted(signed_in.tenant)),
        }
    }

    /// "Cancel": the device code is declined, or the client is told.
    fn declined(&mut self, site: &Site) -> Outcome {
        if let Purpose::Device { user_code, .. } = &self.purpose {
            site.directory.change(|state, now| {
                state.answer_device(user_code, DeviceState::Declined, now);
            });
            self.step = Step::Cancelled;
            return Outcome::Show;
        }
        Outcome::Refuse(aadsts::consent_declined())
    }

    fn fail(&mut self, failure: Aadsts) -> Outcome {
        self.step = Step::Failed(Box::new(failure));
        Outcome::Show
    }

    fn request_approval(
        &mut self,
        site: &Site,
        signed_in: &SignedIn,
        wanted: Vec<Wanted>,
        reason: &str,
    ) {
        let client = self.app.client_id;
        site.directory.change(|state, now| {
            if let Some(tenant) = state.tenants.get_mut(&signed_in.tenant) {
                tenant.approvals.push(ApprovalRequest {
                    id: crate::clock::random_uuid(),
                    client,
                    requested_by: signed_in.user,
                    reason: reason.chars().take(500).collect(),
                    wanted,
                    at: now,
                    state: ApprovalState::Waiting,
                });
            }
        });
        self.step = Step::Requested;
    }
}

/// The code that the simulated phone shows.
fn six_digits() -> String {
    let number = u32::from_be_bytes(crate::clock::random_bytes::<4>());
    format!("{:06}", number % 1_000_000)
}
