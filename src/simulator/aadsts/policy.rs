//! The account, the policies of its tenant, and the service refusing for a while.

use uuid::Uuid;

use super::Aadsts;

pub fn user_disabled() -> Aadsts {
    Aadsts::grant(50057, "The user account is disabled.")
}

pub fn user_deleted(oid: Uuid, tenant: Uuid) -> Aadsts {
    Aadsts::grant(
        500_341,
        format!(
            "The user account {oid} has been deleted from the {tenant} directory. To sign into this application, the \
             account must be added to the directory."
        ),
    )
}

pub fn user_unknown(tenant: &str) -> Aadsts {
    Aadsts::grant(
        50034,
        format!(
            "The user account {{EmailHidden}} does not exist in the {tenant} directory. To sign into this application, \
             the account must be added to the directory."
        ),
    )
}

pub fn user_of_other_tenant(home: Uuid, tenant: &str, client: Uuid, app: &str) -> Aadsts {
    Aadsts::grant(
        50020,
        format!(
            "User account '{{EmailHidden}}' from identity provider 'https://sts.windows.net/{home}/' does not exist in \
             tenant '{tenant}' and cannot access the application '{client}'({app}) in that tenant. The account needs to \
             be added as an external user in the tenant first. Sign out and sign in again with a different Azure \
             Active Directory user account."
        ),
    )
}

pub fn wrong_password() -> Aadsts {
    Aadsts::grant(
        50126,
        "Error validating credentials due to invalid username or password.",
    )
}

pub fn mfa_required(resource: Uuid) -> Aadsts {
    Aadsts::grant(
        50076,
        format!(
            "Due to a configuration change made by your administrator, or because you moved to a new location, you \
             must use multi-factor authentication to access '{resource}'."
        ),
    )
    .suberror("basic_action")
}

pub fn mfa_enrolment_required(resource: Uuid) -> Aadsts {
    let mut failure = Aadsts::grant(
        50079,
        format!(
            "Due to a configuration change made by your administrator, or because you moved to a new location, you \
             must enroll in multi-factor authentication to access '{resource}'."
        ),
    )
    .suberror("basic_action");
    failure.claims = Some(
        serde_json::json!({"access_token": {"polids": {"essential": true,
            "Values": ["bd8d9305-ee44-4c9e-87a9-45bc878db6e1"]}}})
        .to_string(),
    );
    failure
}

pub fn mfa_expired(resource: Uuid) -> Aadsts {
    Aadsts::grant(
        50078,
        format!(
            "Presented multi-factor authentication has expired due to policies configured by your administrator, you \
             must refresh your multi-factor authentication to access '{resource}'."
        ),
    )
    .suberror("basic_action")
}

pub fn blocked_by_conditional_access() -> Aadsts {
    Aadsts::grant(
        53003,
        "Access has been blocked by Conditional Access policies. The access policy does not allow token issuance.",
    )
    .suberror("message_only")
}

pub fn device_code_token_blocked() -> Aadsts {
    Aadsts::grant(
        530_036,
        "The refresh token was blocked by an authentication flows policy: it was issued through the device code flow, \
         which Conditional Access policies no longer allow.",
    )
    .suberror("message_only")
}

pub fn device_not_compliant() -> Aadsts {
    Aadsts::grant(
        53000,
        "Device is not in required device state: compliant. Conditional Access policy requires a compliant device, and \
         the device is not compliant. The user must enroll their device with an approved MDM provider like Intune.",
    )
    .suberror("message_only")
}

pub fn throttled() -> Aadsts {
    let mut failure = Aadsts::new(
        90055,
        "temporarily_unavailable",
        "The request has been throttled. There are too many requests against the tenant.",
    );
    failure.status = 429;
    failure
}

pub fn second_factor_denied() -> Aadsts {
    Aadsts::new(
        500_121,
        "access_denied",
        "Authentication failed during strong authentication request.",
    )
}
