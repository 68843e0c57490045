//! Consent that is missing or refused, and resources that are absent or switched off.

use uuid::Uuid;

use super::Aadsts;

pub fn consent_missing(client: Uuid, name: &str) -> Aadsts {
    Aadsts::grant(
        65001,
        format!(
            "The user or administrator has not consented to use the application with ID '{client}' named '{name}'. \
             Send an interactive authorization request for this user and resource."
        ),
    )
    .suberror("consent_required")
}

pub fn admin_approval_needed(app: &str) -> Aadsts {
    Aadsts::new(
        90094,
        "access_denied",
        format!(
            "{app} needs permission to access resources in your organization that only an admin can grant. Please ask \
             an admin to grant permission to this app before you can use it."
        ),
    )
}

pub fn approval_request_needed(app: &str) -> Aadsts {
    Aadsts::new(
        90095,
        "access_denied",
        format!(
            "Admin consent is required for the permissions requested by {app}. An admin consent request may be sent to \
             the admin."
        ),
    )
}

pub fn consent_declined() -> Aadsts {
    Aadsts::new(
        65004,
        "access_denied",
        "The resource owner or authorization server denied the request.",
    )
}

pub fn no_permissions_declared() -> Aadsts {
    Aadsts::client(
        650_056,
        "Misconfigured application. This could be due to one of the following: the client has not listed any \
         permissions for 'AAD Graph' in the requested permissions in the client's application registration.",
    )
}

pub fn resource_unknown(resource: &str, tenant: &str) -> Aadsts {
    Aadsts::new(
        500_011,
        "invalid_resource",
        format!(
            "The resource principal named {resource} was not found in the tenant named {tenant}. This can happen if the \
             application has not been installed by the administrator of the tenant or consented to by any user in the \
             tenant. You might have sent your authentication request to the wrong tenant."
        ),
    )
}

pub fn resource_disabled(resource: Uuid) -> Aadsts {
    Aadsts::new(
        500_014,
        "invalid_resource",
        format!(
            "The service principal for resource '{resource}' is disabled. This indicate that a subscription within the \
             tenant has lapsed, or that the administrator for this tenant has disabled the application, preventing \
             tokens from being issued for it."
        ),
    )
}

pub fn resource_not_listed(resource: Uuid, client: Uuid) -> Aadsts {
    Aadsts::new(
        650_057,
        "invalid_resource",
        format!(
            "Invalid resource. The client has requested access to a resource which is not listed in the requested \
             permissions in the client's application registration. Client app ID: {client}. Resource value from \
             request: {resource}."
        ),
    )
}
