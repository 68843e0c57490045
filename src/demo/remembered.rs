//! What the demo remembers between runs beside the database: its app registration, its login, and whether the sample
//! tenants were planted. A file of mode 0600; the demo's secrets open nothing but the demo.

use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::{Deserialize, Serialize};
use time::Duration;
use url::Url;
use uuid::Uuid;

use super::world;
use crate::clock;
use crate::domain::api_key::KeySecret;
use crate::simulator::directory::{App, ClientSecret, Directory, required_access};

const FILE: &str = "demo.json";
/// On its way to be [`FILE`].
const FRESH: &str = "demo.json.new";
const PLANTED: &str = "planted";
/// The app registration's secret, as the setting `entra.client_secret_file` wants it.
const CREDENTIAL: &str = "client.secret";
/// The certificate authority of the receiver of webhooks.
pub const POST_CA: &str = "post-ca";
/// The demo's API key.
const KEY: &str = "api.key";
/// What a demo makes in its directory; nothing else is ever deleted.
const OURS: [&str; 12] = [
    "postgres",
    "simulator.json",
    "simulator.journal",
    "simulator-ca",
    "master.key",
    "revocations.jsonl",
    CREDENTIAL,
    POST_CA,
    KEY,
    FILE,
    FRESH,
    PLANTED,
];

/// The demo's own secrets.
#[derive(Serialize, Deserialize)]
pub struct Remembered {
    pub client_id: Uuid,
    client_secret: String,
    pub password: String,
    /// The seed of its authenticator app in base32; none before the first login was prepared.
    #[serde(default)]
    pub totp_secret: Option<String>,
    /// Where webhooks were taken, as their channels know it; none before the first start.
    #[serde(default)]
    pub hooks_port: Option<u16>,
    #[serde(skip)]
    dir: PathBuf,
}

impl Remembered {
    /// What an earlier run left in `dir`, else new secrets.
    pub fn load_or_make(dir: &Path) -> anyhow::Result<Self> {
        let file = dir.join(FILE);
        if file.exists() {
            let text = fs::read(&file)?;
            let mut known: Self = serde_json::from_slice(&text).with_context(|| {
                format!("{} is damaged; start over with --fresh", file.display())
            })?;
            dir.clone_into(&mut known.dir);
            return Ok(known);
        }
        let made = Self {
            client_id: clock::random_uuid(),
            client_secret: format!("demo~{}", clock::random_uuid().simple()),
            password: format!("demo-{}", hex::encode(clock::random_bytes::<6>())),
            totp_secret: None,
            hooks_port: None,
            dir: dir.to_owned(),
        };
        made.save()?;
        Ok(made)
    }

    /// Write it down, whole or not at all.
    pub fn save(&self) -> anyhow::Result<()> {
        let (file, fresh) = (self.dir.join(FILE), self.dir.join(FRESH));
        let _ = fs::remove_file(&fresh);
        let mut out = fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&fresh)?;
        out.write_all(&serde_json::to_vec_pretty(self)?)?;
        fs::rename(&fresh, &file)?;
        Ok(())
    }

    /// Make sure the simulated Microsoft knows our app registration, returning to where the portal is this time.
    pub fn register_app(&self, directory: &Directory, base_url: &Url) {
        let redirect = format!(
            "{}/onboarding/return",
            base_url.as_str().trim_end_matches('/')
        );
        let mut app = directory.app(self.client_id).unwrap_or_else(|| App {
            client_id: self.client_id,
            name: world::APP_NAME.to_owned(),
            public_flows: true,
            multi_tenant: true,
            home_tenant: None,
            secrets: vec![ClientSecret {
                id: clock::random_uuid(),
                value: self.client_secret.clone(),
                expires_at: directory.instant() + Duration::days(330),
            }],
            certificates: Vec::new(),
            redirect_uris: Vec::new(),
            required: required_access(),
            verified_publisher: true,
        });
        app.redirect_uris = vec![redirect];
        directory.put_app(app);
    }

    /// Write the app registration's secret into a file for the keeper to read and seal.
    pub fn write_credential(&self) -> anyhow::Result<PathBuf> {
        let path = self.dir.join(CREDENTIAL);
        write_secret(&path, &self.client_secret)?;
        Ok(path)
    }

    /// Write the API key into a file, as scripts keep one.
    pub fn write_key(&self, key: &KeySecret) -> anyhow::Result<()> {
        write_secret(&self.key_file(), key.expose())
    }

    /// Where the API key is.
    pub fn key_file(&self) -> PathBuf {
        self.dir.join(KEY)
    }

    pub fn is_planted(&self) -> bool {
        self.dir.join(PLANTED).exists()
    }

    /// Written last, so that a run killed while planting is not taken for a whole one.
    pub fn mark_planted(&self) -> anyhow::Result<()> {
        Ok(fs::write(self.dir.join(PLANTED), "")?)
    }
}

fn write_secret(path: &Path, secret: &str) -> anyhow::Result<()> {
    let mut out = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)?;
    Ok(out.write_all(secret.as_bytes())?)
}

/// Delete what an earlier demo made in `dir`. The caller holds the instance lock, so no demo runs there.
pub fn forget(dir: &Path) -> anyhow::Result<()> {
    for name in OURS {
        let path = dir.join(name);
        let gone = match fs::symlink_metadata(&path) {
            Ok(about) if about.is_dir() => fs::remove_dir_all(&path),
            Ok(_) => fs::remove_file(&path),
            Err(_) => Ok(()),
        };
        gone.with_context(|| format!("{} cannot be deleted", path.display()))?;
    }
    Ok(())
}
