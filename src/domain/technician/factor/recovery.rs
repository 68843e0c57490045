//! Recovery codes: ten of 128 bits, shown once, each good for one login. The database has their SHA-256.

use aws_lc_rs::digest;
use secrecy::{ExposeSecret, SecretString};

use crate::clock;
use crate::domain::audit::Entry;
use crate::domain::op::Op;
use crate::domain::technician::store;
use crate::storage::TechnicianId;

/// How many are made at a time.
pub const CODES: usize = 10;
const BYTES: usize = 16;

/// One code: 32 hexadecimal digits in groups of four. Silent in `Debug`.
#[derive(Clone, Debug)]
pub struct RecoveryCode(SecretString);

impl RecoveryCode {
    fn new() -> Self {
        let digits: Vec<char> = hex::encode(clock::random_bytes::<BYTES>())
            .chars()
            .collect();
        let groups: Vec<String> = digits
            .chunks(4)
            .map(|group| group.iter().collect())
            .collect();
        Self(groups.join("-").into())
    }

    /// As typed: spaces, hyphens and capitals do not matter.
    pub fn parse(typed: &str) -> Option<Self> {
        let digits: String = typed
            .chars()
            .filter(|c| !c.is_whitespace() && *c != '-')
            .map(|c| c.to_ascii_lowercase())
            .collect();
        let is_code = digits.len() == 2 * BYTES && digits.bytes().all(|b| b.is_ascii_hexdigit());
        is_code.then(|| Self(digits.into()))
    }

    /// As it is shown, once.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    pub(super) fn hash(&self) -> Vec<u8> {
        let digits = self.expose().replace('-', "");
        digest::digest(&digest::SHA256, digits.as_bytes())
            .as_ref()
            .to_vec()
    }
}

/// Ten new codes; the former ones are worth nothing from now on. The person has still to say that they keep them.
pub async fn make_codes(
    op: &mut Op,
    technician: TechnicianId,
) -> Result<Vec<RecoveryCode>, sqlx::Error> {
    let codes: Vec<RecoveryCode> = (0..CODES).map(|_| RecoveryCode::new()).collect();
    let hashes: Vec<Vec<u8>> = codes.iter().map(RecoveryCode::hash).collect();
    store::replace_codes(op, technician, &hashes).await?;
    Entry::new("recovery_codes.made")
        .object("technician", technician)
        .write(op)
        .await?;
    Ok(codes)
}

/// "I keep them in a safe place".
pub async fn keep_codes(op: &mut Op, technician: TechnicianId) -> Result<(), sqlx::Error> {
    store::note_codes_kept(op, technician).await?;
    Entry::new("recovery_codes.kept")
        .object("technician", technician)
        .write(op)
        .await
}

/// Use a code up; false when it is none of theirs or was used.
pub(super) async fn use_code(
    op: &mut Op,
    technician: TechnicianId,
    code: &RecoveryCode,
) -> Result<bool, sqlx::Error> {
    store::use_code(op, technician, &code.hash()).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_recognised_however_it_is_typed() {
        let code = RecoveryCode::new();
        assert_eq!(code.expose().len(), 39);
        let shown = code.expose().to_owned();
        for typed in [
            shown.clone(),
            shown.to_uppercase(),
            shown.replace('-', ""),
            format!("  {}\n", shown.replace('-', " ")),
        ] {
            assert_eq!(RecoveryCode::parse(&typed).unwrap().hash(), code.hash());
        }
        for nonsense in ["", "123456", &shown[1..], "xyz", &format!("{shown}0")] {
            assert!(RecoveryCode::parse(nonsense).is_none(), "{nonsense}");
        }
        assert!(!format!("{code:?}").contains(&shown[..4]));
    }

    #[test]
    fn ten_codes_are_ten_different_ones() {
        let codes: std::collections::HashSet<_> = (0..CODES)
            .map(|_| RecoveryCode::new().expose().to_owned())
            .collect();
        assert_eq!(codes.len(), CODES);
    }
}
