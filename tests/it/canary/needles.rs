//! Secrets in every encoding, and where they are looked for.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use super::LENGTH;

/// Six ways in which a secret may stand somewhere.
fn encodings(secret: &str) -> [Vec<u8>; 6] {
    let bytes = secret.as_bytes();
    let part = |text: String| {
        text.chars()
            .skip(2)
            .take(LENGTH)
            .collect::<String>()
            .into_bytes()
    };
    [
        part(secret.to_owned()),
        part(STANDARD.encode(bytes)),
        part(URL_SAFE_NO_PAD.encode(bytes)),
        part(hex::encode(bytes)),
        part(hex::encode_upper(bytes)),
        // As a key file holds it, decoded.
        STANDARD_NO_PAD
            .decode(secret.trim_end_matches('='))
            .map_or_else(
                |_| part(secret.replace('~', "%7E")),
                |raw| raw.into_iter().take(LENGTH).collect(),
            ),
    ]
}

/// Looks for many needles at once by their first eight bytes.
pub(super) struct Needles {
    by_head: std::collections::HashMap<[u8; 8], Vec<(String, Vec<u8>)>>,
}

impl Needles {
    pub(super) fn of(secrets: &BTreeMap<String, Vec<String>>) -> Self {
        let mut by_head: std::collections::HashMap<[u8; 8], Vec<(String, Vec<u8>)>> =
            std::collections::HashMap::new();
        for (kind, values) in secrets {
            for needle in values.iter().flat_map(|value| encodings(value)) {
                let head = needle[..8].try_into().unwrap();
                by_head
                    .entry(head)
                    .or_default()
                    .push((kind.clone(), needle));
            }
        }
        Self { by_head }
    }

    pub(super) fn find(&self, place: &str, hay: &[u8]) -> Vec<String> {
        let mut found = Vec::new();
        for (at, head) in hay.windows(8).enumerate() {
            let Some(candidates) = self.by_head.get(head) else {
                continue;
            };
            for (kind, needle) in candidates {
                if hay[at..].starts_with(needle) {
                    found.push(format!("a {kind} in {place}"));
                }
            }
        }
        found
    }
}

pub(super) fn newest_postgres() -> PathBuf {
    let mut found: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .unwrap()
        .flatten()
        .map(|version| version.path().join("bin"))
        .collect();
    found.sort();
    found.pop().unwrap()
}

pub(super) fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.is_file() {
            found.push(path);
        }
    }
    found
}

/// Arguments and environment of these programs and of every process below them, whichever thread started it.
pub(super) fn processes(roots: &[u32]) -> Vec<(String, Vec<u8>)> {
    let mut family = roots.to_vec();
    let mut at = 0;
    while at < family.len() {
        let tasks = fs::read_dir(format!("/proc/{}/task", family[at]));
        for task in tasks.into_iter().flatten().flatten() {
            let children = fs::read_to_string(task.path().join("children")).unwrap_or_default();
            let pids = children.split_whitespace();
            family.extend(pids.filter_map(|pid| pid.parse::<u32>().ok()));
        }
        at += 1;
    }
    let read = |pid: &u32, what: &str| {
        (
            format!("{what} of {pid}"),
            fs::read(format!("/proc/{pid}/{what}")).unwrap_or_default(),
        )
    };
    family
        .iter()
        .flat_map(|pid| [read(pid, "environ"), read(pid, "cmdline")])
        .collect()
}
