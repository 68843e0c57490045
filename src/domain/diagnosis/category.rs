//! The causes an error can have: the 26 words of the catalogue, what people call them, and what
//! holds for each when no catalogue row says more.

use std::str::FromStr;

use super::party::{Retryable, WhoActs};

/// A word that names no cause.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` names no cause; see the filter of the MSAL errors page for the words")]
pub struct UnknownCategory(pub String);

/// The cause of an error. The order is that of filters on pages: deaths first, then ours, then
/// passing ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Category {
    PasswordChanged,
    SessionRevoked,
    ExpiredInactive,
    ExpiredLifetime,
    SignInFrequency,
    MfaRequired,
    ConditionalAccess,
    DeviceCompliance,
    ConsentMissing,
    AppMissingOrDisabled,
    AppCredentialExpired,
    AppCredentialInvalid,
    AppMisconfigured,
    UserDisabledOrMissing,
    UserLockedOrRisky,
    BadCredentials,
    TenantMissingOrDisabled,
    LicenseOrSubscription,
    Federation,
    DeviceCodePending,
    DeviceCodeDeclined,
    DeviceCodeExpired,
    Throttled,
    MicrosoftOutage,
    InvalidRequest,
    Unknown,
}

impl Category {
    pub const ALL: [Self; 26] = [
        Self::PasswordChanged,
        Self::SessionRevoked,
        Self::ExpiredInactive,
        Self::ExpiredLifetime,
        Self::SignInFrequency,
        Self::MfaRequired,
        Self::ConditionalAccess,
        Self::DeviceCompliance,
        Self::ConsentMissing,
        Self::AppMissingOrDisabled,
        Self::AppCredentialExpired,
        Self::AppCredentialInvalid,
        Self::AppMisconfigured,
        Self::UserDisabledOrMissing,
        Self::UserLockedOrRisky,
        Self::BadCredentials,
        Self::TenantMissingOrDisabled,
        Self::LicenseOrSubscription,
        Self::Federation,
        Self::DeviceCodePending,
        Self::DeviceCodeDeclined,
        Self::DeviceCodeExpired,
        Self::Throttled,
        Self::MicrosoftOutage,
        Self::InvalidRequest,
        Self::Unknown,
    ];

    /// The stable word: catalogue, filters, API, stored rows.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PasswordChanged => "password_changed",
            Self::SessionRevoked => "session_revoked",
            Self::ExpiredInactive => "expired_inactive",
            Self::ExpiredLifetime => "expired_lifetime",
            Self::SignInFrequency => "sign_in_frequency",
            Self::MfaRequired => "mfa_required",
            Self::ConditionalAccess => "conditional_access",
            Self::DeviceCompliance => "device_compliance",
            Self::ConsentMissing => "consent_missing",
            Self::AppMissingOrDisabled => "app_missing_or_disabled",
            Self::AppCredentialExpired => "app_credential_expired",
            Self::AppCredentialInvalid => "app_credential_invalid",
            Self::AppMisconfigured => "app_misconfigured",
            Self::UserDisabledOrMissing => "user_disabled_or_missing",
            Self::UserLockedOrRisky => "user_locked_or_risky",
            Self::BadCredentials => "bad_credentials",
            Self::TenantMissingOrDisabled => "tenant_missing_or_disabled",
            Self::LicenseOrSubscription => "license_or_subscription",
            Self::Federation => "federation",
            Self::DeviceCodePending => "device_code_pending",
            Self::DeviceCodeDeclined => "device_code_declined",
            Self::DeviceCodeExpired => "device_code_expired",
            Self::Throttled => "throttled",
            Self::MicrosoftOutage => "microsoft_outage",
            Self::InvalidRequest => "invalid_request",
            Self::Unknown => "unknown",
        }
    }

    /// The cause in a few words, for people.
    pub const fn label(self) -> &'static str {
        match self {
            Self::PasswordChanged => "Password changed or sessions revoked",
            Self::SessionRevoked => "Sessions revoked",
            Self::ExpiredInactive => "90 days idle",
            Self::ExpiredLifetime => "Token over its lifetime",
            Self::SignInFrequency => "Sign-in frequency policy",
            Self::MfaRequired => "Multi-factor sign-in needed",
            Self::ConditionalAccess => "Blocked by Conditional Access",
            Self::DeviceCompliance => "Device policy",
            Self::ConsentMissing => "Consent withdrawn or missing",
            Self::AppMissingOrDisabled => "Enterprise application deleted or disabled",
            Self::AppCredentialExpired => "Our secret or certificate expired",
            Self::AppCredentialInvalid => "Our secret or certificate refused",
            Self::AppMisconfigured => "App registration misconfigured",
            Self::UserDisabledOrMissing => "User disabled, deleted or foreign",
            Self::UserLockedOrRisky => "User locked or at risk",
            Self::BadCredentials => "Wrong user name or password",
            Self::TenantMissingOrDisabled => "Tenant not found",
            Self::LicenseOrSubscription => "Licence or subscription lapsed",
            Self::Federation => "Customer's own identity provider",
            Self::DeviceCodePending => "Waiting for the code to be entered",
            Self::DeviceCodeDeclined => "Sign-in declined",
            Self::DeviceCodeExpired => "Code lapsed",
            Self::Throttled => "Too many requests",
            Self::MicrosoftOutage => "Microsoft service trouble",
            Self::InvalidRequest => "Request refused as wrong",
            Self::Unknown => "Cause unknown",
        }
    }

    /// Who usually acts when no catalogue row says it.
    pub const fn usual_who(self) -> WhoActs {
        match self {
            Self::PasswordChanged
            | Self::SessionRevoked
            | Self::ExpiredInactive
            | Self::SignInFrequency
            | Self::MfaRequired
            | Self::BadCredentials
            | Self::DeviceCodePending
            | Self::DeviceCodeDeclined
            | Self::DeviceCodeExpired => WhoActs::CustomerUser,
            Self::ExpiredLifetime | Self::Throttled => WhoActs::Nobody,
            Self::ConditionalAccess
            | Self::DeviceCompliance
            | Self::ConsentMissing
            | Self::AppMissingOrDisabled
            | Self::UserDisabledOrMissing
            | Self::UserLockedOrRisky
            | Self::TenantMissingOrDisabled
            | Self::LicenseOrSubscription
            | Self::Federation => WhoActs::CustomerAdmin,
            Self::AppCredentialExpired
            | Self::AppCredentialInvalid
            | Self::AppMisconfigured
            | Self::InvalidRequest
            | Self::Unknown => WhoActs::Msp,
            Self::MicrosoftOutage => WhoActs::Microsoft,
        }
    }

    /// Whether repeating usually helps when no catalogue row says it.
    pub(super) const fn usual_retry(self) -> Retryable {
        match self {
            Self::ExpiredLifetime
            | Self::DeviceCodePending
            | Self::Throttled
            | Self::MicrosoftOutage
            | Self::Unknown => Retryable::Yes,
            Self::AppMisconfigured | Self::TenantMissingOrDisabled | Self::InvalidRequest => {
                Retryable::No
            }
            _ => Retryable::AfterUserAction,
        }
    }
}

impl FromStr for Category {
    type Err = UnknownCategory;

    fn from_str(word: &str) -> Result<Self, UnknownCategory> {
        Self::ALL
            .into_iter()
            .find(|category| category.as_str() == word)
            .ok_or_else(|| UnknownCategory(word.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_leads_back_to_its_category() {
        for category in Category::ALL {
            assert_eq!(category.as_str().parse(), Ok(category));
        }
        assert!("nonsense".parse::<Category>().is_err());
    }

    #[test]
    fn labels_tell_the_categories_apart() {
        let labels: std::collections::HashSet<_> =
            Category::ALL.into_iter().map(Category::label).collect();
        assert_eq!(labels.len(), Category::ALL.len());
    }
}
