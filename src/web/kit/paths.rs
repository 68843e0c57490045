//! Every address of the portal, built in one place. Short names and ids need no encoding: their types allow no character
//! that would.

use crate::storage::{
    ApiKeyId, CampaignId, ConnectionId, InvitationId, MsalErrorId, SavedViewId, TechnicianId,
};

pub const HOME: &str = "/";
/// Where browsers report what the content policy refused.
pub const CSP_REPORTS: &str = "/csp-reports";
pub const LOGIN: &str = "/login";
/// Route of [`login_link`].
pub const LOGIN_LINK: &str = "/login/link/{token}";
/// Route of [`login_link_sso`].
pub const LOGIN_LINK_SSO: &str = "/login/link/{token}/sso";
/// Single sign-on: asking for it, leaving for the provider, coming back; one's own account there.
pub const SSO: &str = "/login/sso";
pub const SSO_START: &str = "/login/sso/start";
pub const SSO_RETURN: &str = crate::domain::sign_on::RETURN_PATH;
pub const OWN_SIGN_ON: &str = "/profile/single-sign-on";
/// The second factor after the password; what a browser is asked to prove a passkey; a recovery code instead.
pub const LOGIN_FACTOR: &str = "/login/factor";
pub const LOGIN_PASSKEY: &str = "/login/factor/passkey";
pub const LOGIN_PASSKEY_OPTIONS: &str = "/login/factor/passkey/options";
pub const LOGIN_RECOVERY: &str = "/login/factor/recovery";
/// Setting up the first factor: a passkey, or an authenticator app; then the recovery codes.
pub const ENROL: &str = "/login/enrol";
pub const ENROL_PASSKEY: &str = "/login/enrol/passkey";
pub const ENROL_PASSKEY_OPTIONS: &str = "/login/enrol/passkey/options";
pub const ENROL_APP: &str = "/login/enrol/app";
pub const ENROL_APP_CODE: &str = "/login/enrol/app/code";
pub const ENROL_CODES: &str = "/login/enrol/codes";
pub const ENROL_DONE: &str = "/login/enrol/done";
/// A fresh proof of the second factor, before dangerous acts; what comes after it.
pub const STEP_UP: &str = "/login/step-up";
pub const STEP_UP_PASSKEY: &str = "/login/step-up/passkey";
pub const STEP_UP_PASSKEY_OPTIONS: &str = "/login/step-up/passkey/options";
pub const STEP_UP_RECOVERY: &str = "/login/step-up/recovery";
pub const STEP_UP_SSO: &str = "/login/step-up/sso";
pub const STEP_UP_AGAIN: &str = "/login/step-up/again";
pub const LOGOUT: &str = "/logout";
/// Oneself: factors, sessions, password.
pub const PROFILE: &str = "/profile";
pub const PROFILE_PASSWORD: &str = "/profile/password";
pub const PROFILE_PASSKEY: &str = "/profile/passkeys";
pub const PROFILE_PASSKEY_OPTIONS: &str = "/profile/passkeys/options";
pub const PROFILE_APP: &str = "/profile/app";
pub const PROFILE_APP_CODE: &str = "/profile/app/code";
pub const PROFILE_CODES: &str = "/profile/recovery-codes";
pub const PROFILE_CODES_KEPT: &str = "/profile/recovery-codes/kept";
pub const PROFILE_OTHER_SESSIONS: &str = "/profile/sessions/ending";
pub const TENANTS: &str = "/tenants";
pub const NEW_TENANT: &str = "/tenants/new";
/// Tenants from a file, and as one.
pub const TENANTS_IMPORT: &str = "/tenants/import";
pub const TENANTS_CSV: &str = "/tenants/export.csv";
pub const TENANTS_JSON: &str = "/tenants/export.json";
pub const AUTHENTICATION_STATUS: &str = "/security/authentication-status";
/// The list as CSV, what an open page listens to, and what is done with the rows that were chosen.
pub const STATUS_CSV: &str = "/security/authentication-status/export.csv";
pub const STATUS_EVENTS: &str = "/security/authentication-status/events";
pub const STATUS_SEND: &str = "/security/authentication-status/invitations";
pub const STATUS_VALIDATE: &str = "/security/authentication-status/validation";
pub const STATUS_SNOOZE: &str = "/security/authentication-status/snooze";
pub const STATUS_WAKE: &str = "/security/authentication-status/wake";
pub const STATUS_VIEWS: &str = "/security/authentication-status/views";
pub const APP_REGISTRATION: &str = "/security/app-registration";
pub const APP_SECRETS: &str = "/security/app-registration/secrets";
pub const APP_CERTIFICATES: &str = "/security/app-registration/certificates";
pub const APP_GENERATED: &str = "/security/app-registration/certificates/generated";
/// Keys by which scripts ask the API.
pub const API_KEYS: &str = "/security/api-keys";
pub const NEW_API_KEY: &str = "/security/api-keys/new";
/// What was done, by whom.
pub const AUDIT_LOG: &str = "/security/audit-log";
/// Who has a login.
pub const TECHNICIANS: &str = "/security/technicians";
pub const NEW_TECHNICIAN: &str = "/security/technicians/new";
/// "Disconnect all customers", its confirmation by a second person, its cancellation.
pub const PLUG: &str = "/security/disconnect-all";
pub const PLUG_CONFIRMATION: &str = "/security/disconnect-all/confirmation";
pub const PLUG_CANCELLATION: &str = "/security/disconnect-all/cancellation";
/// Many customers are asked at once.
pub const CAMPAIGNS: &str = "/monitoring/campaigns";
pub const NEW_CAMPAIGN: &str = "/monitoring/campaigns/new";
/// What an authorisation must cover.
pub const PERMISSIONS: &str = "/configuration/permissions";
pub const NEW_PERMISSIONS: &str = "/configuration/permissions/new";
pub const PENDING_INVITATIONS: &str = "/monitoring/customer/pending-invitations";
pub const MSAL_ERRORS: &str = "/monitoring/msal-errors";
pub const OPERATIONS: &str = "/monitoring/operations";
pub const INCIDENTS: &str = "/monitoring/operations/incidents";
pub const REPORTS: &str = "/monitoring/reports";
pub const REPORTS_CSV: &str = "/monitoring/reports.csv";
/// What was told, the rules and the channels of it, and every message.
pub const ALERTS: &str = "/configuration/alerts";
pub const ALERT_RULES: &str = "/configuration/alerts/rules";
pub const NEW_ALERT_RULE: &str = "/configuration/alerts/rules/new";
pub const ALERT_CHANNELS: &str = "/configuration/alerts/channels";
pub const NEW_ALERT_CHANNEL: &str = "/configuration/alerts/channels/new";
pub const ALERT_DELIVERIES: &str = "/configuration/alerts/deliveries";
/// How customers see the MSP.
pub const BRANDING: &str = "/configuration/branding";
pub const BRANDING_LOGO: &str = "/configuration/branding/logo";
pub const BRANDING_LOGO_REMOVAL: &str = "/configuration/branding/logo/removal";
/// The texts of mails to customers.
pub const MAIL_TEXTS: &str = "/configuration/invitations";
pub const MAIL_TEXT: &str = "/configuration/invitations/{kind}/{language}";

pub fn mail_text(kind: &str, language: &str) -> String {
    format!("{MAIL_TEXTS}/{kind}/{language}")
}

/// The MSP's logo and colour, for pages and mails to customers.
pub const BRAND_LOGO: &str = "/brand/logo/{id}";
pub const BRAND_SHEET: &str = "/brand/colour/{colour}";

pub fn brand_logo(id: uuid::Uuid) -> String {
    format!("/brand/logo/{id}")
}

/// `colour` without its number sign.
pub fn brand_sheet(colour: &str) -> String {
    format!("/brand/colour/{colour}")
}

pub const ONBOARDING: &str = "/onboarding";
pub const ONBOARDING_RETURN: &str = "/onboarding/return";
/// The page as it is, with the word that Microsoft could not be asked just now.
pub const ONBOARDING_LATER: &str = "/onboarding?later=1";
/// The same with the word that our own keeper could not be asked.
pub const ONBOARDING_AWAY: &str = "/onboarding?later=keeper";
/// Begin an attempt, begin again with other settings, take over from another browser.
pub const ONBOARDING_START: &str = "/onboarding/start";
pub const ONBOARDING_PIN: &str = "/onboarding/pin";
pub const ONBOARDING_AGAIN: &str = "/onboarding/again";
pub const ONBOARDING_HERE: &str = "/onboarding/here";
/// Prepare another trip to Microsoft; look once more whether consent has arrived.
pub const ONBOARDING_TRIP: &str = "/onboarding/trip";
pub const ONBOARDING_LOOK: &str = "/onboarding/look";
/// Where the page listens for changes.
pub const ONBOARDING_EVENTS: &str = "/onboarding/events";
/// The answer to "Ask for a new link".
pub const ONBOARDING_ASKED: &str = "/onboarding/asked";

/// A technician's one-time link.
pub fn login_link(token: &str) -> String {
    format!("/login/link/{token}")
}

/// Uses a technician's one-time link by single sign-on.
pub fn login_link_sso(token: &str) -> String {
    format!("/login/link/{token}/sso")
}

/// The API's readable page.
pub const API_DOCS: &str = "/api/docs";

/// Whether refusals at this path are read by programs: everything that looks like the API's, but for its readable page.
pub fn is_for_programs(path: &str) -> bool {
    path == "/api" || (path.starts_with("/api/") && path != API_DOCS)
}

/// Whether this is an address of the API, where answers are never pages.
pub fn is_api(path: &str) -> bool {
    path.starts_with("/api/v1/") || path == "/api/v1"
}

/// One API key, or what is done to it.
pub fn api_key(id: ApiKeyId, act: &str) -> String {
    let slash = if act.is_empty() { "" } else { "/" };
    format!("{API_KEYS}/{id}{slash}{act}")
}

/// One technician, or what is done to them.
pub fn technician(id: TechnicianId, act: &str) -> String {
    let slash = if act.is_empty() { "" } else { "/" };
    format!("{TECHNICIANS}/{id}{slash}{act}")
}

/// `name` or `removal` of one of one's own factors.
pub fn profile_factor(id: uuid::Uuid, act: &str) -> String {
    format!("{PROFILE}/factors/{id}/{act}")
}

/// End one login, of one's own.
pub fn profile_session(id: uuid::Uuid) -> String {
    format!("{PROFILE}/sessions/{id}/ending")
}

/// End one login of somebody else.
pub fn technician_session(of: TechnicianId, id: uuid::Uuid) -> String {
    format!("{TECHNICIANS}/{of}/sessions/{id}/ending")
}

/// Forget a saved view.
pub fn status_view_removal(id: SavedViewId) -> String {
    format!("{STATUS_VIEWS}/{id}/removal")
}

/// Below one credential of our app registration: `trial`, `retirement`, `removal` or `certificate`.
pub fn app_credential(id: uuid::Uuid, word: &str) -> String {
    format!("{APP_REGISTRATION}/credentials/{id}/{word}")
}

/// One entry of the audit log.
pub fn audit_event(id: i64) -> String {
    format!("{AUDIT_LOG}/{id}")
}

/// One recorded error, seen by the fleet's technician.
pub fn msal_error(id: MsalErrorId) -> String {
    format!("{MSAL_ERRORS}/{id}")
}

/// One campaign, or what is done to it.
pub fn campaign(id: CampaignId, act: &str) -> String {
    below(CAMPAIGNS, id.as_uuid(), act)
}

fn below(base: &str, id: uuid::Uuid, act: &str) -> String {
    let slash = if act.is_empty() { "" } else { "/" };
    format!("{base}/{id}{slash}{act}")
}

/// One alert, or what is done to it: `snooze`, `wake`.
pub fn alert(id: uuid::Uuid, act: &str) -> String {
    below(ALERTS, id, act)
}

/// One rule of alerts, or `switch`, `removal`.
pub fn alert_rule(id: uuid::Uuid, act: &str) -> String {
    below(ALERT_RULES, id, act)
}

/// One channel of alerts, or `test`, `key`, `switch`, `replay`, `removal`.
pub fn alert_channel(id: uuid::Uuid, act: &str) -> String {
    below(ALERT_CHANNELS, id, act)
}

/// Send one message again.
pub fn alert_replay(channel: uuid::Uuid, delivery: uuid::Uuid) -> String {
    format!("{ALERT_CHANNELS}/{channel}/deliveries/{delivery}/replay")
}

/// One incident.
pub fn incident(id: uuid::Uuid) -> String {
    format!("{INCIDENTS}/{id}")
}

/// An invitation's Auth URL, without the site's origin.
pub fn invitation_link(token: &str) -> String {
    format!("{ONBOARDING}/{token}")
}

/// Addresses below one tenant's Customer portal.
#[derive(Clone, Copy, Debug)]
pub struct TenantPaths<'a>(pub &'a str);

impl TenantPaths<'_> {
    pub fn overview(self) -> String {
        format!("{TENANTS}/{}", self.0)
    }
    pub fn edit(self) -> String {
        format!("{TENANTS}/{}/edit", self.0)
    }
    pub fn leave(self) -> String {
        format!("{TENANTS}/{}/leave", self.0)
    }
    /// Enter the Customer portal again, after the visit's time was over.
    pub fn visit(self) -> String {
        format!("{TENANTS}/{}/visit", self.0)
    }
    /// `suspension`, `resumption`, `archival` or `restoration`.
    pub fn lifecycle(self, step: &str) -> String {
        format!("{TENANTS}/{}/{step}", self.0)
    }
    pub fn m365(self) -> String {
        format!("{TENANTS}/{}/configuration/m365", self.0)
    }
    pub fn validation(self) -> String {
        format!("{TENANTS}/{}/configuration/m365/validation", self.0)
    }
    /// Ready pieces for scripts.
    pub fn automation(self) -> String {
        format!("{TENANTS}/{}/automation", self.0)
    }
    /// Which mails the customer gets.
    pub fn mails(self) -> String {
        format!("{TENANTS}/{}/configuration/mails", self.0)
    }

    /// "Send again" of a mail to the customer.
    pub fn mail_queueing(self, id: crate::storage::CustomerMailId) -> String {
        format!("{TENANTS}/{}/mails/{id}/queueing", self.0)
    }

    /// "Expiry warning".
    pub fn lead_time(self) -> String {
        format!("{TENANTS}/{}/configuration/expiry-warning", self.0)
    }
    /// "Switch to App Registration".
    pub fn app_registration(self) -> String {
        format!("{TENANTS}/{}/configuration/m365/app-registration", self.0)
    }
    /// `own` to try the customer's own registration, `own/retry`, `own/removal`.
    pub fn app_registration_step(self, step: &str) -> String {
        format!("{}/{step}", self.app_registration())
    }
    /// The question before "Disconnect".
    pub fn disconnect(self) -> String {
        format!("{TENANTS}/{}/configuration/m365/disconnect", self.0)
    }
    /// The report of the last disconnection.
    pub fn disconnection(self) -> String {
        format!("{TENANTS}/{}/configuration/m365/disconnection", self.0)
    }
    pub fn invitations(self) -> String {
        format!("{TENANTS}/{}/invitations", self.0)
    }
    /// The dialog that makes an invitation; `from` says which page asked and is returned to.
    pub fn new_invitation(self, from: &str) -> String {
        format!("{TENANTS}/{}/invitations/new?from={from}", self.0)
    }
    pub fn auth_url(self, id: InvitationId) -> String {
        format!("{TENANTS}/{}/invitations/{id}/auth-url", self.0)
    }
    /// `resend`, `revocation` or `replacement`.
    pub fn invitation_step(self, id: InvitationId, step: &str) -> String {
        format!("{TENANTS}/{}/invitations/{id}/{step}", self.0)
    }
    /// `confirmation` or `rejection` of who signed in.
    pub fn connection_step(self, id: ConnectionId, step: &str) -> String {
        format!("{TENANTS}/{}/connections/{id}/{step}", self.0)
    }
    /// The timeline.
    pub fn activity(self) -> String {
        format!("{TENANTS}/{}/activity", self.0)
    }
    /// Every call to Microsoft of the last 30 days.
    pub fn calls(self) -> String {
        format!("{TENANTS}/{}/activity/calls", self.0)
    }
    /// "Token details" of one resource's access token.
    pub fn token(self, resource: &str) -> String {
        format!("{TENANTS}/{}/tokens/{resource}", self.0)
    }
    /// Reads the tenant's token lifetime policies.
    pub fn lifetime_policies(self) -> String {
        format!("{TENANTS}/{}/lifetime-policies", self.0)
    }
    pub fn report(self) -> String {
        format!("{TENANTS}/{}/report", self.0)
    }
    pub fn report_csv(self) -> String {
        format!("{TENANTS}/{}/report.csv", self.0)
    }
    pub fn msal_errors(self) -> String {
        format!("{TENANTS}/{}/msal-errors", self.0)
    }
    pub fn msal_error(self, id: MsalErrorId) -> String {
        format!("{TENANTS}/{}/msal-errors/{id}", self.0)
    }
}
