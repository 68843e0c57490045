//! What the claims of Entra's access tokens mean, in plain words. Microsoft, "access token claims reference".

/// One sentence; empty for claims that Microsoft keeps to itself.
pub fn of(claim: &str) -> &'static str {
    match claim {
        "alg" => "How the token is signed.",
        "kid" | "x5t" => "Which of Microsoft's keys signed it.",
        "typ" => "The kind of token.",
        "aud" => "For which API the token is good. No other may accept it.",
        "iss" => "Who issued it: Microsoft Entra, for this tenant.",
        "tid" => "The Entra tenant in which the account signed in.",
        "oid" => {
            "The account or application that the token stands for, by its object id in the tenant."
        }
        "appid" | "azp" => "Our application, by its client id.",
        "app_displayname" => "Our application's name.",
        "appidacr" | "azpacr" => {
            "How our application proved itself: 0 not at all (public), 1 by a secret, 2 by a certificate."
        }
        "scp" => "What may be done on the account's behalf.",
        "roles" => "What the application itself may do.",
        "wids" => "Directory roles of the account, by their template ids.",
        "iat" => "When it was issued.",
        "nbf" => "It is not good before this instant.",
        "exp" => "It is not good from this instant on.",
        "auth_time" => "When the person signed in.",
        "amr" => {
            "How the person signed in: pwd by password, mfa with a second factor, rsa by a key."
        }
        "acr" => "1 when the person signed in in a way that counts as strong.",
        "acrs" => "Authentication contexts that were satisfied.",
        "xms_cc" => {
            "What our application can do; cp1: it understands claims challenges, so the token may live longer and be revoked early."
        }
        "idtyp" => "app: the application itself; user: on behalf of an account.",
        "upn" | "unique_name" | "preferred_username" => "The account's name.",
        "name" | "given_name" | "family_name" => "The name of the person behind the account.",
        "idp" => "Where the account is at home, when that is another tenant.",
        "acct" => "0: a member of the tenant; 1: a guest.",
        "tenant_region_scope" => "The region of the tenant.",
        "ver" => "The version of the token's format.",
        "ipaddr" => "The address that the person signed in from (masked).",
        "sub" => "The account as this one application sees it (masked).",
        "uti" | "jti" => "The token's own number (masked).",
        "aio" | "rh" | "puid" | "nonce" | "xms_st" | "xms_tcdt" => {
            "For Microsoft's own use (masked)."
        }
        _ => "",
    }
}
