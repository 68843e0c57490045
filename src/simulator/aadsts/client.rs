//! Failures of the client application and its credential; they accuse the caller, never the customer.

use time::OffsetDateTime;
use uuid::Uuid;

use super::{Aadsts, precise};

pub fn app_unknown(client: &str, tenant: &str) -> Aadsts {
    Aadsts::new(
        700_016,
        "unauthorized_client",
        format!(
            "Application with identifier '{client}' was not found in the directory '{tenant}'. This can happen if the \
             application has not been installed by the administrator of the tenant or consented to by any user in the \
             tenant. You may have sent your authentication request to the wrong tenant."
        ),
    )
}

pub fn principal_missing(client: Uuid, tenant: &str) -> Aadsts {
    Aadsts::client(
        7_000_229,
        format!(
            "The client application {client} is missing service principal in the tenant {tenant}. See instructions \
             here: https://go.microsoft.com/fwlink/?linkid=2225119"
        ),
    )
}

pub fn app_disabled(client: Uuid, name: &str) -> Aadsts {
    Aadsts::new(
        7_000_112,
        "unauthorized_client",
        format!("Application '{client}'({name}) is disabled."),
    )
}

pub fn not_multi_tenant(client: Uuid, name: &str) -> Aadsts {
    Aadsts::request(
        50194,
        format!(
            "Application '{client}'({name}) is not configured as a multi-tenant application. Usage of the /common \
             endpoint is not supported for such applications created after '10/15/2018'. Use a tenant-specific \
             endpoint or configure the application to be multi-tenant."
        ),
    )
}

pub fn no_credential() -> Aadsts {
    Aadsts::client(
        7_000_218,
        "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
    )
}

pub fn public_with_credential() -> Aadsts {
    Aadsts::client(
        700_025,
        "Client is public so neither 'client_assertion' nor 'client_secret' should be presented.",
    )
}

pub fn secret_wrong(client: Uuid) -> Aadsts {
    Aadsts::client(
        7_000_215,
        format!(
            "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, \
             not the client secret ID, for a secret added to app '{client}'."
        ),
    )
}

pub fn secret_expired(client: Uuid) -> Aadsts {
    Aadsts::client(
        7_000_222,
        format!(
            "The provided client secret keys for app '{client}' are expired. Visit the Azure portal to create new keys \
             for your app: https://aka.ms/NewClientSecret, or consider using certificate credentials for added \
             security: https://aka.ms/certCreds."
        ),
    )
}

/// `reason` as Entra brackets it, `The key was not found.` or `The key used is expired., …`.
pub fn certificate_refused(reason: &str) -> Aadsts {
    Aadsts::client(
        700_027,
        format!(
            "The certificate with identifier used to sign the client assertion is not registered on application. \
             [Reason - {reason}]"
        ),
    )
}

pub fn assertion_malformed() -> Aadsts {
    Aadsts::client(
        50027,
        "Invalid JWT token. No certificate thumbprint specified in token header.",
    )
}

pub fn assertion_wrong_client() -> Aadsts {
    Aadsts::client(
        700_021,
        "Client assertion application identifier doesn't match 'client_id' parameter.",
    )
}

pub fn assertion_wrong_audience(audience: &str) -> Aadsts {
    Aadsts::client(
        700_023,
        format!(
            "Client assertion audience claim does not match Realm issuer. Review the documentation at https://learn.microsoft.com/entra/identity-platform/certificate-credentials . Audience: '{audience}'."
        ),
    )
}

pub fn assertion_stale(now: OffsetDateTime, from: OffsetDateTime, until: OffsetDateTime) -> Aadsts {
    Aadsts::client(
        700_024,
        format!(
            "Client assertion is not within its valid time range. Current time: {}, assertion valid from {}, expiry \
             time of assertion {}. Review the documentation at \
             https://learn.microsoft.com/entra/identity-platform/certificate-credentials .",
            precise(now),
            precise(from),
            precise(until)
        ),
    )
}
