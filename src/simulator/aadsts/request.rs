//! Requests that are wrong in themselves, and those that stay silent where a person is needed.

use uuid::Uuid;

use super::Aadsts;

pub fn missing_parameter(name: &str) -> Aadsts {
    Aadsts::request(
        900_144,
        format!("The request body must contain the following parameter: '{name}'."),
    )
}

pub fn malformed() -> Aadsts {
    Aadsts::request(
        9_002_313,
        "Invalid request. Request is malformed or invalid.",
    )
}

pub fn unsupported_grant(grant: &str) -> Aadsts {
    Aadsts::new(
        70003,
        "unsupported_grant_type",
        format!("The app requested an unsupported grant type '{grant}'."),
    )
}

pub fn tenant_not_found(tenant: &str) -> Aadsts {
    Aadsts::request(
        90002,
        format!(
            "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the \
             correct cloud. Check with your subscription administrator, this may happen if there are no active \
             subscriptions for the tenant."
        ),
    )
}

pub fn not_a_domain(tenant: &str) -> Aadsts {
    Aadsts::request(
        900_023,
        format!(
            "Specified tenant identifier '{tenant}' is neither a valid DNS name, nor a valid external domain."
        ),
    )
}

pub fn no_tenant_information() -> Aadsts {
    Aadsts::request(
        50059,
        "No tenant-identifying information found in either the request or implied by any provided credentials.",
    )
}

pub fn unsupported_prompt() -> Aadsts {
    Aadsts::request(90023, "Unsupported 'prompt' value.")
}

pub fn redirect_not_registered(redirect: &str, app: Uuid) -> Aadsts {
    Aadsts::request(
        50011,
        format!(
            "The redirect URI '{redirect}' specified in the request does not match the redirect URIs configured for \
             the application '{app}'. Make sure the redirect URI sent in the request matches one added to your \
             application in the Azure portal."
        ),
    )
}

pub fn unsupported_response_type() -> Aadsts {
    Aadsts::new(
        70005,
        "unsupported_response_type",
        "The app returned an unsupported response type.",
    )
}

pub fn scope_invalid(scope: &str) -> Aadsts {
    Aadsts::new(
        70011,
        "invalid_scope",
        format!(
            "The provided value for the input parameter 'scope' is not valid. The scope '{scope}' does not exist."
        ),
    )
}

pub fn several_resources(scope: &str) -> Aadsts {
    Aadsts::request(
        28000,
        format!(
            "Provided value for the input parameter scope is not valid because it contains more than one resource. \
             Scope {scope} is not valid."
        ),
    )
}

pub fn login_required() -> Aadsts {
    Aadsts::new(
        50058,
        "login_required",
        "A silent sign-in request was sent but no user is signed in.",
    )
}

pub fn app_only_needs_default(scope: &str) -> Aadsts {
    Aadsts::new(
        1_002_012,
        "invalid_scope",
        format!(
            "The provided value for scope {scope} is not valid. Client credential flows must have a scope value with \
             /.default suffixed to the resource identifier (application ID URI)."
        ),
    )
}

pub fn unsupported_response_mode() -> Aadsts {
    Aadsts::request(
        70007,
        "The app returned an unsupported value of 'response_mode' when requesting a token.",
    )
}

pub fn admin_consent_prompt() -> Aadsts {
    Aadsts::request(
        901_001,
        "The 'admin_consent' prompt is not supported on this endpoint. Use the admin consent endpoint.",
    )
}
