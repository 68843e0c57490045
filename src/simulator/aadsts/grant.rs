//! Grants that are over, unknown or not ready: refresh tokens, codes and device codes.

use time::OffsetDateTime;

use super::{Aadsts, precise};

pub fn grant_malformed() -> Aadsts {
    Aadsts::grant(
        70000,
        "The provided value for the input parameter 'refresh_token' or 'code' is not valid.",
    )
}

pub fn code_redeemed() -> Aadsts {
    Aadsts::grant(
        54005,
        "OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an existing \
         refresh token.",
    )
}

pub fn code_expired() -> Aadsts {
    Aadsts::grant(
        70008,
        "The provided authorization code or refresh token has expired due to inactivity. Send a new interactive \
         authorization request for this user and resource.",
    )
}

pub fn verifier_mismatch() -> Aadsts {
    Aadsts::grant(
        501_481,
        "The Code_Verifier does not match the code_challenge supplied in the authorization request.",
    )
}

pub fn wrong_tenant_for_grant() -> Aadsts {
    Aadsts::grant(
        700_005,
        "The provided grant is issued for another tenant than the one it is redeemed at.",
    )
}

pub fn revoked(issued: OffsetDateTime, valid_from: OffsetDateTime) -> Aadsts {
    Aadsts::grant(
        50173,
        format!(
            "The provided grant has expired due to it being revoked, a fresh auth token is needed. The user might have \
             changed or reset their password. The grant was issued on '{}' and the TokensValidFrom date (before which \
             tokens are not valid) for this user is '{}'.",
            precise(issued),
            precise(valid_from)
        ),
    )
    .suberror("bad_token")
}

pub fn idle(issued: OffsetDateTime) -> Aadsts {
    Aadsts::grant(
        700_082,
        format!(
            "The refresh token has expired due to inactivity. The token was issued on {} and was inactive for \
             90.00:00:00.",
            precise(issued)
        ),
    )
    .suberror("bad_token")
}

pub fn twelve_hours_over(issued: OffsetDateTime) -> Aadsts {
    Aadsts::grant(
        700_081,
        format!(
            "The refresh token has expired due to maximum lifetime. The token was issued on {} and the maximum allowed \
             lifetime for this application is 12:00:00.",
            precise(issued)
        ),
    )
}

pub fn sign_in_frequency(issued: OffsetDateTime, seconds: i64) -> Aadsts {
    Aadsts::grant(
        70043,
        format!(
            "The refresh token has expired or is invalid due to sign-in frequency checks by conditional access. The \
             token was issued on {} and the maximum allowed lifetime for this request is {seconds}.",
            precise(issued)
        ),
    )
    .suberror("token_expired")
}

pub fn device_pending() -> Aadsts {
    Aadsts::new(
        70016,
        "authorization_pending",
        "OAuth 2.0 device flow error. Authorization is pending. Continue polling.",
    )
}

pub fn device_declined() -> Aadsts {
    Aadsts::new(
        700_171,
        "authorization_declined",
        "The end user denied the authorization request.",
    )
}

pub fn device_expired() -> Aadsts {
    Aadsts::new(
        70020,
        "expired_token",
        "The provided value for the input parameter 'device_code' is not valid. This device code has expired.",
    )
}

pub fn device_code_unknown() -> Aadsts {
    Aadsts::new(
        70018,
        "bad_verification_code",
        "The provided value for the input parameter 'device_code' is not valid. The device code is not recognised.",
    )
}

pub fn device_redeemed() -> Aadsts {
    Aadsts::grant(
        7_000_014,
        "The provided value for the input parameter 'device_code' is not valid.",
    )
}

pub fn client_loop() -> Aadsts {
    Aadsts::grant(
        50196,
        "The server terminated an operation because it encountered a client request loop. Please contact your app \
         vendor.",
    )
}

pub fn reply_address_differs(sent: &str, asked: &str) -> Aadsts {
    Aadsts::client(
        500_112,
        format!(
            "The reply address '{sent}' does not match the reply address '{asked}' provided when requesting \
             Authorization code."
        ),
    )
}
