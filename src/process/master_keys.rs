//! The master keys, from where the settings say. Read by the keeper's process, and by the commands that look after keys.

use std::sync::Arc;

use crate::config::Config;
use crate::keeper::{CommandSource, FileSource, KeySource, Keyring, KeyringError};

/// The master keys as the settings say.
pub async fn keyring(config: &Config) -> Result<Keyring, KeyringError> {
    let source: Arc<dyn KeySource> = match config.master_key_command.as_deref() {
        Some([program, arguments @ ..]) => {
            Arc::new(CommandSource::new(program, arguments.to_vec()))
        }
        _ => Arc::new(FileSource::new(config.master_key_file.path())),
    };
    Keyring::load(source).await
}
