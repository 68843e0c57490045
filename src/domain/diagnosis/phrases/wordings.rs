//! The wordings themselves, as tables.

use crate::domain::diagnosis::category::Category;
use crate::domain::diagnosis::decide::Confidence;

/// Wordings of one cause, lower case, blanks single.
pub(super) struct Rule {
    pub category: Category,
    pub confidence: Confidence,
    pub any: &'static [&'static str],
}

const fn rule(category: Category, confidence: Confidence, any: &'static [&'static str]) -> Rule {
    Rule {
        category,
        confidence,
        any,
    }
}

/// In this order: a narrower wording before a wider one that it contains.
pub(super) const RULES: &[Rule] = &[
    rule(
        Category::Throttled,
        Confidence::High,
        &[
            "toomanyrequests",
            "too many requests",
            "throttledrequest",
            "request_throttled",
            "request throttled",
            "throttledserviceexception",
            "request_throttledtemporarily",
            "activitylimitreached",
            "applicationthrottled",
            "being throttled",
            "been throttled",
            "is throttled",
            "was throttled",
            "rate limit",
            "client request loop",
        ],
    ),
    rule(
        Category::ConditionalAccess,
        Confidence::Likely,
        &[
            "continuous access evaluation",
            "insufficient_claims",
            "tokencreatedwithoutdatedpolicies",
            "tokenissuedbeforerevocationtimestamp",
            "locationconditionevaluationsatisfied",
            "claims challenge",
            "claimschallenge",
        ],
    ),
    rule(
        Category::ExpiredInactive,
        Confidence::Likely,
        &["expired due to inactivity"],
    ),
    rule(
        Category::SignInFrequency,
        Confidence::Likely,
        &["sign-in frequency"],
    ),
    rule(
        Category::ExpiredLifetime,
        Confidence::Likely,
        &[
            "expired due to maximum lifetime",
            "issued to a single page app",
        ],
    ),
    rule(
        Category::DeviceCodeExpired,
        Confidence::Likely,
        &[
            "device code has expired",
            "device code expired",
            "verification code expired",
            "verification code has expired",
            "user code has expired",
            "device code terminal timed-out",
        ],
    ),
    rule(
        Category::DeviceCodePending,
        Confidence::Likely,
        &["authorization is pending", "pending end-user authorization"],
    ),
    rule(
        Category::AppCredentialExpired,
        Confidence::Likely,
        &[
            "client secret keys are expired",
            "client secret keys for app",
            "client secret has expired",
            "key used is expired",
            "certificate is not within its specified validity",
        ],
    ),
    rule(
        Category::ExpiredLifetime,
        Confidence::High,
        &[
            "lifetime validation failed",
            "access token has expired",
            "access token is expired",
            "access token expired",
            "the token has expired",
            "token is expired",
            "authentication_expiredtoken",
            "reason code: 80049228",
            "expiredauthenticationtoken",
            "token expiry utc time",
            "jwt is expired",
            "idx10223",
        ],
    ),
    rule(
        Category::InvalidRequest,
        Confidence::High,
        &[
            "compacttoken",
            "invalid audience",
            "invalid_audience",
            "wrong audience",
            "authentication_missingormalformed",
            "token missing or malformed",
            "signing key is invalid",
            "access token is empty",
            "jwt is not well formed",
            "jwt must have three segments",
            "idx12741",
            "idx14100",
            "idx10214",
            "audience claim value is invalid",
            "audience validation failed",
            "invalidauthenticationtokentenant",
            "access token is from the wrong issuer",
            "token contains no permissions",
        ],
    ),
    rule(
        Category::LicenseOrSubscription,
        Confidence::High,
        &[
            "nonpremiumtenant",
            "premium license",
            "does not have a spo license",
            "mailboxnotenabledforrestapi",
            "mailbox is either inactive",
            "has not subscribed to or enabled",
            "service principal for resource",
            "subscription within the tenant has lapsed",
        ],
    ),
    rule(
        Category::AppMissingOrDisabled,
        Confidence::Likely,
        &[
            "authorization_identitynotfound",
            "identity of the calling application",
            "resource principal named",
            "was not found in the directory",
            "missing service principal in the tenant",
        ],
    ),
    rule(
        Category::ConsentMissing,
        Confidence::Likely,
        &[
            "authorization_requestdenied",
            "insufficient privileges",
            "insufficient permission",
            "has not consented",
            "user canceled",
            "user cancelled",
            "admin canceled",
            "admin cancelled",
            "accessdenied",
            "authorizationfailed",
            "missing scope",
            "either scp or roles claim",
            "only an admin can grant",
            "admin consent is required",
            "need admin approval",
            "approval required",
            "requires your admin's approval",
            "does not have authorization to perform",
        ],
    ),
    rule(
        Category::Federation,
        Confidence::Likely,
        &[
            "ws-trust",
            "wstrust",
            "failedauthentication",
            "id3242:",
            "federated service at",
            "parsing_wstrust",
            "password validation agent",
        ],
    ),
    rule(
        Category::MfaRequired,
        Confidence::Likely,
        &[
            "must use multi-factor authentication",
            "must enroll in multi-factor authentication",
            "multi-factor authentication has expired",
            "strong authentication is required",
            "mfa is required",
        ],
    ),
    rule(
        Category::DeviceCompliance,
        Confidence::Likely,
        &[
            "not in required device state",
            "device is not compliant",
            "requires a compliant device",
        ],
    ),
    rule(
        Category::ConditionalAccess,
        Confidence::Likely,
        &[
            "blocked by conditional access",
            "conditional access polic",
            "blocked by security defaults",
            "does not meet the criteria to access this resource",
        ],
    ),
    rule(
        Category::PasswordChanged,
        Confidence::Likely,
        &[
            "changed or reset their password",
            "due to it being revoked",
            "password is expired",
            "password has expired",
            "recent password change",
        ],
    ),
    rule(
        Category::SessionRevoked,
        Confidence::Likely,
        &[
            "stsrefreshtokensvalidfrom",
            "tokensvalidfrom",
            "token has been revoked",
            "token was revoked",
        ],
    ),
    rule(
        Category::AppCredentialInvalid,
        Confidence::Likely,
        &[
            "invalid client secret",
            "invalid client credentials",
            "certificate has been revoked",
            "client assertion contains an invalid signature",
        ],
    ),
    rule(
        Category::UserLockedOrRisky,
        Confidence::Likely,
        &[
            "account is locked",
            "blocked due to risk",
            "due to user risk",
        ],
    ),
    rule(
        Category::TenantMissingOrDisabled,
        Confidence::Likely,
        &["check to make sure you have the correct tenant"],
    ),
    rule(
        Category::AppMisconfigured,
        Confidence::Likely,
        &[
            "does not match the redirect uris configured",
            "specified in the request does not match",
            "no reply address is registered",
        ],
    ),
    rule(
        Category::UserDisabledOrMissing,
        Confidence::Likely,
        &[
            "user account is disabled",
            "does not exist in tenant",
            "has been deleted from the",
            "account must be added to the directory",
        ],
    ),
    rule(
        Category::BadCredentials,
        Confidence::Likely,
        &[
            "invalid username or password",
            "incorrect user id or password",
        ],
    ),
    rule(
        Category::InvalidRequest,
        Confidence::Unsure,
        &["access token validation failure"],
    ),
];

/// Trouble at Microsoft, read last: what a proxy or gateway says of itself explains nothing else.
pub(super) const OUTAGE: &[&str] = &[
    "service unavailable",
    "serviceunavailable",
    "service is unavailable",
    "servicenotavailable",
    "server unavailable",
    "bad gateway",
    "badgateway",
    "gateway timeout",
    "gateway time-out",
    "gatewaytimeout",
    "internal server error",
    "internalservererror",
    "temporarily unavailable",
    "our services aren't available",
    "service is currently unavailable",
    "a transient error has occurred",
];
