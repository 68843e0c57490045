//! What would make a decision certain: which fact is missing and how to get it.

use super::category::Category;
use super::decide::Confidence;
use super::facts::Facts;
use super::read::Reading;
use super::verdict::{Twist, Verdict};

/// Sentences for a technician; none when the decision is certain.
pub(super) fn steps(verdict: &Verdict, reading: &Reading, facts: &Facts) -> Vec<String> {
    if verdict.confidence == Confidence::High {
        return Vec::new();
    }
    let seen = &facts.seen;
    let told = match verdict.cause {
        _ if verdict.twist == Twist::Shared => {
            "The end of the incident: who is still refused then has a cause of their own."
        }
        Category::PasswordChanged | Category::SessionRevoked if seen.account.is_none() => {
            "The account's dates of its last password change and session revocation: readable by an application permission Directory.Read.All in the tenant, or by the customer's administrator."
        }
        Category::PasswordChanged | Category::SessionRevoked => {
            "The account's audit log: it tells who reset a password or revoked sessions, and when."
        }
        Category::ConsentMissing | Category::AppMissingOrDisabled if seen.application.is_none() => {
            "A look at our enterprise application in the tenant: whether it is there, enabled, and what was consented to."
        }
        Category::ConsentMissing | Category::AppMissingOrDisabled => {
            "The permissions listed for our enterprise application, compared with those needed."
        }
        Category::ConditionalAccess | Category::DeviceCompliance | Category::UserLockedOrRisky => {
            "The tenant's sign-in log at the correlation id below: its tab “Conditional Access” names the policy."
        }
        Category::Federation => {
            "The tenant's Conditional Access policies (a sign-in every 12 hours looks the same), and whether “LastPasswordChangeTimestamp” is synchronised."
        }
        Category::SignInFrequency | Category::MfaRequired if verdict.twist != Twist::None => {
            "The tenant's Conditional Access policies and its setting “remember multi-factor authentication”: either can have this rhythm."
        }
        Category::TenantMissingOrDisabled => {
            "A word of the customer: a deleted tenant and one that never was look alike."
        }
        Category::ExpiredInactive => {
            "The whole text of the answer: this number is given for several ends of a token."
        }
        _ if reading.code.is_none() => {
            "The whole answer with its AADSTS number; what was recorded holds none."
        }
        _ => {
            "The sign-in log of the tenant at the correlation id, or Microsoft support with trace id, correlation id and time."
        }
    };
    vec![told.to_owned()]
}
