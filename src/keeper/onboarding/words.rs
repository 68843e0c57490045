//! The words for why a flow failed (`onboarding_flows.failure`); the page has the sentences. And which failure of
//! Microsoft is which word.

use crate::entra::Failure;
use crate::keeper::refresh::Class;

pub(super) const WRONG_TENANT: &str = "wrong_tenant";
pub(super) const WRONG_PERSON: &str = "wrong_person";
pub(super) const GUEST_ACCOUNT: &str = "guest_account";
pub(super) const PERSONAL_ACCOUNT: &str = "personal_account";
/// The Entra tenant belongs to another of our tenants.
pub(super) const TENANT_TAKEN: &str = "tenant_taken";
pub(super) const DECLINED: &str = "declined";
pub(super) const CODE_LAPSED: &str = "code_lapsed";
pub(super) const DEVICE_CODE_BLOCKED: &str = "device_code_blocked";
pub(super) const POLICY_REFUSED: &str = "policy_refused";
/// Our application or its credential.
pub(super) const APP_TROUBLE: &str = "app_trouble";
pub(super) const MICROSOFT_TROUBLE: &str = "microsoft_trouble";
/// Nobody told which Entra tenant it is, and an application's token must name one.
pub(super) const TENANT_UNKNOWN: &str = "tenant_unknown";
/// The invitation was used, revoked or ran out while the sign-in was under way.
pub(super) const INVITATION_ENDED: &str = "invitation_ended";
pub(super) const TROUBLE: &str = "trouble";

/// Policies that no device code sign-in can satisfy: the browser that typed the code proves nothing about us.
const NOT_BY_DEVICE_CODE: [u32; 12] = [
    50_005, 50_097, 53_000, 53_001, 53_003, 500_212, 530_002, 530_003, 530_021, 530_035, 530_036,
    50_199,
];
/// An administrator has to approve; a request may be waiting for a reviewer.
const NEEDS_APPROVAL: [u32; 4] = [90_093, 90_094, 90_095, 900_941];

/// What a refusal means for the flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// Over, with this word.
    Failed(&'static str),
    ConsentNeeded,
    AwaitingApproval,
    /// Nothing was decided: ask again.
    Again,
}

/// The numbers of a failure that ask for an administrator's approval.
pub(super) fn needs_approval(codes: &[u32]) -> bool {
    codes.iter().any(|code| NEEDS_APPROVAL.contains(code))
}

/// Read a refused sign-in or acquisition. `by_device_code`: then the browser may be tried instead.
pub(super) fn refused(failure: &Failure, by_device_code: bool) -> Refused {
    if needs_approval(&failure.codes) {
        return Refused::AwaitingApproval;
    }
    if failure.codes.contains(&65_004) {
        return Refused::Failed(DECLINED);
    }
    match Class::of(failure) {
        Class::ConsentMissing => Refused::ConsentNeeded,
        Class::Throttled(_) | Class::Looping(_) | Class::Transient => Refused::Again,
        Class::AppLevel | Class::AppAbsent => Refused::Failed(APP_TROUBLE),
        Class::Definitive if by_device_code && blocks_device_code(failure) => {
            Refused::Failed(DEVICE_CODE_BLOCKED)
        }
        Class::Definitive | Class::ResourceRefused => Refused::Failed(POLICY_REFUSED),
        Class::Ambiguous | Class::Unknown => Refused::Failed(TROUBLE),
    }
}

fn blocks_device_code(failure: &Failure) -> bool {
    failure
        .codes
        .iter()
        .any(|code| NOT_BY_DEVICE_CODE.contains(code))
}
