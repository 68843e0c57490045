//! The key that signs what the simulator issues, and how it is published (RFC 7517).

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use rcgen::{CertificateParams, DnType, KeyPair, PKCS_RSA_SHA256, RsaKeySize};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::simulator::directory::Resource;

/// A token that was signed before is handed out again for so long: well within the life of an id token.
const REUSE: Duration = Duration::minutes(30);

/// What a token is for: user, tenant, and the resource of an access token; none for an id token.
type Subject = (Uuid, Uuid, Option<Resource>);

/// One RSA key of 2048 bits with its certificate.
pub struct Keys {
    sign: EncodingKey,
    verify: DecodingKey,
    kid: String,
    modulus: String,
    certificate: String,
    signed: Mutex<HashMap<Subject, (OffsetDateTime, String)>>,
}

impl Keys {
    /// A key as PKCS#8 PEM. Making one takes a good part of a second, so simulators without a saved one share that of
    /// their process.
    pub fn generate() -> anyhow::Result<String> {
        static MADE: Mutex<Option<String>> = Mutex::new(None);
        let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pem) = &*made {
            return Ok(pem.clone());
        }
        let pair = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048)?;
        Ok(made.insert(pair.serialize_pem()).clone())
    }

    /// Read a key made by [`Keys::generate`].
    pub fn load(pem: &str) -> anyhow::Result<Self> {
        let pair = KeyPair::from_pkcs8_pem_and_sign_algo(pem, &PKCS_RSA_SHA256)?;
        let mut params = CertificateParams::default();
        params
            .distinguished_name
            .push(DnType::CommonName, "Simulated Microsoft token signing");
        let certificate = params.self_signed(&pair)?;
        let (_, parsed) = x509_parser::parse_x509_certificate(certificate.der())?;
        let x509_parser::public_key::PublicKey::RSA(public) = parsed.public_key().parsed()? else {
            anyhow::bail!("the signing key is not an RSA key");
        };
        let modulus = public.modulus.strip_prefix(&[0]).unwrap_or(public.modulus);
        let modulus = URL_SAFE_NO_PAD.encode(modulus);
        let kid = URL_SAFE_NO_PAD.encode(digest::digest(
            &digest::SHA1_FOR_LEGACY_USE_ONLY,
            modulus.as_bytes(),
        ));
        Ok(Self {
            sign: EncodingKey::from_rsa_pem(pem.as_bytes())?,
            verify: DecodingKey::from_rsa_components(&modulus, "AQAB")?,
            kid,
            modulus,
            certificate: STANDARD.encode(certificate.der()),
            signed: Mutex::default(),
        })
    }

    /// `claims` as a signed JWT (RS256).
    pub fn sign(&self, claims: &impl Serialize) -> String {
        let mut header = Header::new(Algorithm::RS256);
        header.kid = Some(self.kid.clone());
        jsonwebtoken::encode(&header, claims, &self.sign)
            .expect("an RSA key that was loaded signs JSON objects")
    }

    /// What was signed for `subject` lately, or what `sign` makes now.
    pub fn signed_before(
        &self,
        subject: Subject,
        now: OffsetDateTime,
        sign: impl FnOnce() -> String,
    ) -> String {
        let known = |keys: &Self| {
            let signed = keys.signed.lock().unwrap_or_else(PoisonError::into_inner);
            let (at, jwt) = signed.get(&subject)?;
            (now - *at < REUSE).then(|| jwt.clone())
        };
        if let Some(jwt) = known(self) {
            return jwt;
        }
        let jwt = sign();
        let mut signed = self.signed.lock().unwrap_or_else(PoisonError::into_inner);
        signed.insert(subject, (now, jwt.clone()));
        jwt
    }

    /// The claims of a JWT signed here, whatever its dates; `None`: not ours or not whole.
    pub fn open<T: DeserializeOwned + Clone>(&self, jwt: &str) -> Option<T> {
        let mut validation = Validation::new(Algorithm::RS256);
        validation.validate_exp = false;
        validation.validate_aud = false;
        validation.required_spec_claims.clear();
        let token = jsonwebtoken::decode(jwt, &self.verify, &validation).ok()?;
        Some(token.claims)
    }

    /// The key set document; `issuer` as the keys are published for.
    pub fn document(&self, issuer: &str) -> Value {
        json!({"keys": [{
            "kty": "RSA",
            "use": "sig",
            "kid": self.kid,
            "x5t": self.kid,
            "n": self.modulus,
            "e": "AQAB",
            "x5c": [self.certificate],
            "cloud_instance_name": "microsoftonline.com",
            "issuer": issuer,
        }]})
    }
}
