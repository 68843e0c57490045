//! What reads strangers' bytes, as functions of bytes alone: fed by `tests/fuzz` for a short while at each check, and by
//! libFuzzer (`fuzz/`) for hours. None may panic; what else must hold is asserted in each.

use crate::domain::diagnosis::{Facts, decide, mask, read};
use crate::domain::invitation::{InvitationInput, LinkToken, Pin, PinPass};
use crate::domain::onboarding::{FlowSecret, parse_admin_username};
use crate::domain::tenant::{TenantInput, import};
use crate::{config, entra, keeper, web};

/// One reader.
#[derive(Clone, Copy)]
pub struct Target {
    pub name: &'static str,
    /// Real inputs to begin with.
    pub seeds: &'static [&'static [u8]],
    /// Must end, without panic, whatever the bytes are.
    pub run: fn(&[u8]),
}

/// Every reader.
pub fn targets() -> Vec<Target> {
    let mut all = vec![
        DIAGNOSE,
        TENANT_FORM,
        TENANT_FILE,
        INVITATION_FORM,
        SECRETS,
        CONFIG,
    ];
    all.extend(entra::fuzzing::TARGETS);
    all.extend(keeper::fuzzing_targets());
    all.extend(web::fuzzing::TARGETS);
    all
}

/// The reader of this name.
pub fn target(name: &str) -> Option<Target> {
    targets().into_iter().find(|target| target.name == name)
}

/// An error that somebody pasted.
const DIAGNOSE: Target = Target {
    name: "diagnose",
    seeds: &[
        br#"{"error":"invalid_grant","error_description":"AADSTS50173: The provided grant has expired due to it being revoked.","error_codes":[50173]}"#,
        b"AADSTS700082: The refresh token has expired due to inactivity. The token was issued on 2026-02-30T99:99:99Z",
    ],
    run: |bytes| {
        let reading = read(bytes);
        let diagnosis = decide(&reading, &Facts::default());
        assert!(!diagnosis.headline.is_empty());
        assert!(!diagnosis.remedy.is_empty());
        assert!(!diagnosis.evidence.is_empty());
        mask(&reading.message);
    },
};

/// A file of tenants, CSV or JSON.
const TENANT_FILE: Target = Target {
    name: "tenant_file",
    seeds: &[
        b"short_name;full_name;tags\r\nalder;\"Alder; Clinics\";gold emea\r\nbirch;'=Birch;\r\n",
        b"sep=,\nShort Name,Required resources\nalder,graph exchange\n",
        br#"[{"short_name":"alder","tags":["gold"],"domain":null},{"short_name":"birch","optional_resources":"azure"}]"#,
    ],
    run: |bytes| {
        for format in [None, Some(import::Format::Csv), Some(import::Format::Json)] {
            match import::read(bytes, format) {
                Ok(sheet) => {
                    assert!((1..=import::MOST_ROWS).contains(&sheet.rows.len()));
                    let aside = sheet.left_aside.iter();
                    assert!(aside.flat_map(|name| name.chars()).all(|c| !c.is_control()));
                }
                Err(error) => assert!(!error.to_string().is_empty()),
            }
        }
    },
};

/// A tenant as typed: six fields, one a line.
const TENANT_FORM: Target = Target {
    name: "tenant_form",
    seeds: &[
        b"contoso\nContoso Ltd\ncontoso.example\nit@contoso.example\nadmin@contoso.example\ngold, vip",
        "xn--bcher-kva\nBücher GmbH\nbücher.example\n\n\nprämie".as_bytes(),
    ],
    run: |bytes| {
        let text = String::from_utf8_lossy(bytes);
        let mut lines = text.split('\n').map(str::to_owned);
        let mut next = || lines.next().unwrap_or_default();
        let input = TenantInput {
            short_name: next(),
            full_name: next(),
            domain: next(),
            invitation_email: next(),
            admin_username: next(),
            tags: next(),
            resources: vec![(next(), next())],
        };
        if let Ok(tenant) = input.parse() {
            assert!(tenant.domain.is_ascii());
            assert!(!tenant.full_name.chars().any(char::is_control));
        }
    },
};

/// The invitation dialog, and the name that its bearer types.
const INVITATION_FORM: Target = Target {
    name: "invitation_form",
    seeds: &[b"it@contoso.example\nadmin@contoso.example\ndevice_code\n168"],
    run: |bytes| {
        let text = String::from_utf8_lossy(bytes);
        let mut lines = text.split('\n').map(str::to_owned);
        let mut next = || lines.next().unwrap_or_default();
        let input = InvitationInput {
            invitation_email: next(),
            admin_username: next(),
            method: next(),
            validity_hours: next(),
            lasting: bytes.len().is_multiple_of(2),
        };
        let _ = input.parse();
        if let Ok(name) = parse_admin_username(&text) {
            assert!(!name.chars().any(char::is_control));
        }
    },
};

/// What cookies and links carry.
const SECRETS: Target = Target {
    name: "secrets",
    seeds: &[
        b"inv_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        b"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        b"1234 5678",
    ],
    run: |bytes| {
        let text = String::from_utf8_lossy(bytes);
        if let Some(token) = LinkToken::parse(&text) {
            assert_eq!(token.expose().len(), 47);
        }
        if let Some(pin) = Pin::parse(&text) {
            assert_eq!(pin.spoken().len(), 9);
        }
        if let Some(secret) = FlowSecret::parse(&text) {
            assert_ne!(secret.leg_state(), secret.expose());
        }
        let _ = PinPass::parse(&text);
    },
};

/// A settings file.
const CONFIG: Target = Target {
    name: "config",
    seeds: &[
        b"base_url = \"https://portal.msp.example\"\ntrusted_proxies = [\"10.0.0.0/8\", \"::1\"]\n[msp]\nname = \"Example\"\negress_addresses = \"192.0.2.1\"\n",
        b"[invitations]\npin = true\n[smtp]\nhost = \"mail.example\"\nfrom = \"Desk <desk@msp.example>\"\n[log]\nfilter = \"info,tenantry=debug\"\n",
        b"[retention]\nmsal_errors_months = 24\n[entra]\nverification_hosts = [\"microsoft.com\"]\nclient_id = \"00000000-0000-0000-0000-000000000000\"\n",
    ],
    run: |bytes| {
        let text = String::from_utf8_lossy(bytes);
        if let Err(error) = config::Config::from_text(&text) {
            let _ = error.to_string();
        }
    },
};
