//! For fuzzing: what Microsoft's hosts answer, from bytes on the wire to values or failures.

use jsonwebtoken::DecodingKey;
use reqwest::header::{HeaderMap, HeaderValue, RETRY_AFTER};
use serde_json::{Map, Value};
use time::OffsetDateTime;
use uuid::{Uuid, uuid};

use super::http::Reply;
use super::wire::EntraTokens;
use super::{
    AccessPolicy, Challenge, Endpoints, Expect, LifetimePolicy, Listing, Me, Organization,
    ResourceRoles, RiskyUser, ServicePrincipal, UserDates, device, discovery, graph, id_token,
    redact, retry_after,
};
use crate::fuzzing::Target;
use crate::oidc::key_set::{SigningKey, signing_keys};

pub(crate) const TARGETS: [Target; 7] = [
    DEVICE_CODE,
    TOKENS,
    FAILURE,
    ID_TOKEN,
    CLAIMS,
    DOCUMENTS,
    GRAPH,
];

const CLIENT: Uuid = uuid!("11111111-2222-4333-8444-555555555555");
const NOW: OffsetDateTime = time::macros::datetime!(2026-11-21 12:00 UTC);

fn expect() -> Expect<'static> {
    Expect {
        client_id: CLIENT,
        tenant: None,
        nonce: None,
    }
}

fn fields(bytes: &[u8]) -> Option<Map<String, Value>> {
    serde_json::from_slice(bytes).ok()
}

fn reply(status: u16, body: &[u8]) -> Reply {
    Reply {
        status,
        trace_id: None,
        ests_server: None,
        retry_after: None,
        challenge: std::str::from_utf8(body).ok().map(str::to_owned),
        body: body.to_owned(),
        cut: None,
    }
}

/// The answer to "a code, please".
const DEVICE_CODE: Target = Target {
    name: "device_code",
    seeds: &[
        br#"{"user_code":"B6SUYU5PL","device_code":"BAQABAAEAAAD","verification_uri":"https://microsoft.com/devicelogin","expires_in":900,"interval":5,"message":"To sign in"}"#,
        br#"{"user_code":"ABCD-EFGH","device_code":"d","verification_url":"https://login.microsoft.com/device","expires_in":"900","interval":"7"}"#,
    ],
    run: |bytes| {
        let endpoints = Endpoints::global();
        let Some(read) = fields(bytes).and_then(|f| device::started(&f, &endpoints).ok()) else {
            return;
        };
        assert!(endpoints.allows_verification(&read.verification_uri));
        assert!(!read.interval.is_zero() && !read.expires_in.is_zero());
    },
};

/// The token endpoint's answer.
const TOKENS: Target = Target {
    name: "tokens",
    seeds: &[
        br#"{"token_type":"Bearer","scope":"openid User.Read","expires_in":4567,"refresh_in":"2283","access_token":"at","refresh_token":"1.A!","id_token":"e.e.e","client_info":"e30"}"#,
        br#"{"token_type":"bearer","access_token":"at","expires_in":"soon","error":null}"#,
    ],
    run: |bytes| {
        let _ = serde_json::from_slice::<EntraTokens>(bytes);
        if let Some(read) = fields(bytes).and_then(|f| EntraTokens::try_from(f).ok()) {
            let _ = super::Tokens::from(&read);
        }
        for status in [200, 400] {
            let _ = reply(status, bytes).refused_tokens(&[]).to_string();
        }
    },
};

/// A refusal, and what is masked in it.
const FAILURE: Target = Target {
    name: "failure",
    seeds: &[
        br#"{"error":"invalid_grant","error_description":"AADSTS65001: The user or administrator has not consented. Trace ID: 1 Correlation ID: 2","error_codes":[65001],"suberror":"consent_required","claims":"{\"access_token\":{}}"}"#,
        br#"{"error":"slow_down"}"#,
        br#"Bearer error="insufficient_claims", claims="eyJhY2Nlc3NfdG9rZW4iOnt9fQ==""#,
        b"Fri, 31 Dec 1999 23:59:59 GMT",
    ],
    run: |bytes| {
        const SECRET: &str = "a-secret-of-the-request";
        for status in [200, 400, 429, 503] {
            let failure = reply(status, bytes).failure(&[SECRET]);
            assert!(!failure.raw.contains(SECRET) && !failure.description.contains(SECRET));
            let _ = (failure.device(), failure.to_string());
        }
        let text = String::from_utf8_lossy(bytes);
        let _ = (redact::text(&text, &[SECRET]), Challenge::read(&text));
        if let Ok(value) = HeaderValue::from_bytes(bytes) {
            let _ = retry_after::read(&HeaderMap::from_iter([(RETRY_AFTER, value)]), NOW);
        }
    },
};

/// An `id_token` as it comes: none of these is signed by the key.
const ID_TOKEN: Target = Target {
    name: "id_token",
    seeds: &[
        b"eyJhbGciOiJSUzI1NiIsImtpZCI6ImsxIn0.eyJhdWQiOiJ4In0.c2ln",
        b"eyJhbGciOiJub25lIn0.e30.",
        b"eyJhbGciOiJIUzI1NiIsImtpZCI6ImsxIiwiY3JpdCI6WyJleHAiXX0.e30.AAAA",
    ],
    run: |bytes| {
        let text = String::from_utf8_lossy(bytes);
        let _ = id_token::key_id(&text);
        let Ok(key) = DecodingKey::from_rsa_components("AQAB", "AQAB") else {
            return;
        };
        let key = SigningKey::of("k1", None, key);
        let verdict = id_token::verify(&text, &key, expect(), &Endpoints::global(), NOW);
        assert!(verdict.is_err(), "nobody signed it");
    },
};

/// The claims behind a right signature.
const CLAIMS: Target = Target {
    name: "claims",
    seeds: &[
        br#"{"aud":"11111111-2222-4333-8444-555555555555","iss":"https://login.microsoftonline.com/0a1b2c3d-0000-4000-8000-00000000a100/v2.0","iat":1795262400,"nbf":1795262400,"exp":1795266000,"tid":"0a1b2c3d-0000-4000-8000-00000000a100","oid":"9f8e7d6c-0000-4000-8000-00000000c0de","preferred_username":"ada@contoso.example","acct":0,"wids":["62e90394-69f5-4237-9190-012177145e10"]}"#,
        br#"{"tid":"x","tid":"y","exp":-9223372036854775808}"#,
    ],
    run: |bytes| {
        let Ok(claims) = serde_json::from_slice::<id_token::Claims>(bytes) else {
            return;
        };
        let endpoints = Endpoints::global();
        if let Ok(person) = id_token::check(&claims.0, None, expect(), &endpoints, NOW) {
            let issuer = claims.0.get("iss").and_then(Value::as_str);
            let own = endpoints.issuer(&person.tid.to_string());
            assert_eq!(issuer, Some(own.as_str()));
            assert_ne!(person.tid, super::CONSUMERS);
        }
    },
};

/// Key sets, metadata, user realms.
const DOCUMENTS: Target = Target {
    name: "documents",
    seeds: &[
        br#"{"keys":[{"kty":"RSA","use":"sig","kid":"a","n":"AQAB","e":"AQAB","issuer":"https://l/{tenantid}/v2.0"}]}"#,
        br#"{"token_endpoint":"https://login.example/0a1b2c3d-0000-4000-8000-00000000a100/oauth2/v2.0/token","tenant_region_scope":"EU"}"#,
        br#"{"NameSpaceType":"Federated","DomainName":"f.example","AuthURL":"https://idp.example/saml"}"#,
    ],
    run: |bytes| {
        let Some(fields) = fields(bytes) else {
            return;
        };
        let _ = signing_keys(&fields).map(|keys| keys.len());
        let _ = discovery::resolved(&fields);
        let _ = discovery::realm(&fields);
    },
};

/// Graph's answers.
const GRAPH: Target = Target {
    name: "graph",
    seeds: &[
        br#"{"id":"9f8e7d6c-0000-4000-8000-00000000c0de","userPrincipalName":"a@b.example","displayName":"A"}"#,
        br#"{"value":[{"id":"1","displayName":"Contoso","verifiedDomains":[{"name":"b.example","isDefault":true}]}]}"#,
        br#"{"value":[{"id":"9f8e7d6c-0000-4000-8000-00000000c0de","state":"enabled","conditions":{},"sessionControls":{"signInFrequency":{"value":1,"type":"hours","isEnabled":true}}}]}"#,
        br#"{"value":[{"id":"1","definition":["{\"TokenLifetimePolicy\":{\"Version\":1,\"AccessTokenLifetime\":\"8:00:00\"}}"]}],"@odata.nextLink":"x"}"#,
        br#"{"error":{"code":"Authorization_RequestDenied","message":"Insufficient privileges","innerError":{"request-id":"x"}}}"#,
        br#"{"accountEnabled":true,"lastPasswordChangeDateTime":"2026-02-30T00:00:00Z","assignedLicenses":[]}"#,
    ],
    run: |bytes| {
        let _ = serde_json::from_slice::<Me>(bytes);
        let _ = serde_json::from_slice::<Organization>(bytes);
        let _ = serde_json::from_slice::<Listing<Organization>>(bytes);
        let _ = serde_json::from_slice::<Listing<AccessPolicy>>(bytes);
        let _ = serde_json::from_slice::<Listing<LifetimePolicy>>(bytes);
        let _ = serde_json::from_slice::<ResourceRoles>(bytes);
        let _ = serde_json::from_slice::<ServicePrincipal>(bytes);
        let _ = serde_json::from_slice::<UserDates>(bytes);
        let _ = serde_json::from_slice::<RiskyUser>(bytes);
        for status in [200, 401, 403, 429] {
            let _ = graph::failure::read(&reply(status, bytes), &[]);
        }
    },
};
