//! Where master keys come from: a file (a systemd credential is one) or a command. Never the environment, never an
//! argument.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use async_trait::async_trait;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};
use zeroize::Zeroizing;

use super::key_file;
use super::keyring::KeyringError;

/// Largest list of keys taken, bytes.
pub(super) const LIMIT: u64 = 64 * 1024;
/// A command that takes longer is ended.
const PATIENCE: Duration = Duration::from_secs(10);
/// Of what a command complains, so much is read at most, bytes, and so many characters of its first line are shown.
const COMPLAINT: u64 = 4 * 1024;
const SHOWN: usize = 200;

/// A place that gives the list of master keys whenever it is asked.
#[async_trait]
pub trait KeySource: Send + Sync {
    /// As an error names it: "the master key file …".
    fn describe(&self) -> String;

    /// The file that a rotation may write anew; none when somebody else keeps the keys.
    fn file(&self) -> Option<&Path> {
        None
    }

    /// The lines, as they are now.
    async fn read(&self) -> Result<Zeroizing<String>, KeyringError>;
}

/// A file of mode 0400, or a service's credential.
pub struct FileSource(PathBuf);

impl FileSource {
    pub fn new(path: &Path) -> Self {
        Self(path.to_owned())
    }
}

#[async_trait]
impl KeySource for FileSource {
    fn describe(&self) -> String {
        key_file::describe(&self.0)
    }

    fn file(&self) -> Option<&Path> {
        // Systemd makes credentials anew from their own place at each start.
        (!key_file::is_credential(&self.0)).then_some(self.0.as_path())
    }

    async fn read(&self) -> Result<Zeroizing<String>, KeyringError> {
        key_file::read(&self.0)
    }
}

/// A program that prints the list on its standard output, e.g. one that asks a key management service.
pub struct CommandSource {
    program: PathBuf,
    arguments: Vec<String>,
    patience: Duration,
}

impl CommandSource {
    /// Run without a shell.
    pub fn new(program: impl Into<PathBuf>, arguments: Vec<String>) -> Self {
        Self {
            program: program.into(),
            arguments,
            patience: PATIENCE,
        }
    }

    fn start(&self) -> std::io::Result<Child> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        Command::new(&self.program)
            .args(&self.arguments)
            .env_clear()
            .env("PATH", path)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
    }

    async fn listen(&self, child: &mut Child) -> Result<Zeroizing<String>, KeyringError> {
        let unreadable = |error| KeyringError::Read {
            origin: self.describe(),
            error,
        };
        let (out, complaint) = (child.stdout.take(), child.stderr.take());
        let listed = async {
            let listed = read_some(out, LIMIT + 1).await.map_err(unreadable)?;
            if listed.len() as u64 > LIMIT {
                return Err(KeyringError::TooLong(self.describe()));
            }
            Ok(listed)
        };
        let complained = async { read_some(complaint, COMPLAINT).await.map_err(unreadable) };
        let (listed, complaint) = tokio::try_join!(listed, complained)?;
        let status = child.wait().await.map_err(unreadable)?;
        if !status.success() {
            return Err(KeyringError::Failed {
                origin: self.describe(),
                status: status.to_string(),
                said: first_line(&complaint),
            });
        }
        text(&listed).ok_or_else(|| KeyringError::NoText(self.describe()))
    }
}

#[async_trait]
impl KeySource for CommandSource {
    fn describe(&self) -> String {
        format!(
            "the command {} of setting `master_key_command`",
            self.program.display()
        )
    }

    async fn read(&self) -> Result<Zeroizing<String>, KeyringError> {
        let mut child = self.start().map_err(|error| KeyringError::Start {
            origin: self.describe(),
            error,
        })?;
        let group = child.id();
        let listened = tokio::time::timeout(self.patience, self.listen(&mut child)).await;
        if !matches!(listened, Ok(Ok(_))) {
            end(group);
        }
        listened.unwrap_or_else(|_| {
            Err(KeyringError::Hangs {
                origin: self.describe(),
                seconds: self.patience.as_secs(),
            })
        })
    }
}

/// The command and what it started.
fn end(group: Option<u32>) {
    let group = group.and_then(|id| i32::try_from(id).ok());
    if let Some(group) = group.and_then(rustix::process::Pid::from_raw) {
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
}

/// The first `limit` bytes; what comes after is let go by, so that the other end does not stand still.
async fn read_some(
    from: Option<impl AsyncRead + Unpin>,
    limit: u64,
) -> std::io::Result<Zeroizing<Vec<u8>>> {
    let capacity = usize::try_from(limit).unwrap_or_default();
    let mut bytes = Zeroizing::new(Vec::with_capacity(capacity));
    if let Some(from) = from {
        let mut taken = from.take(limit);
        taken.read_to_end(&mut bytes).await?;
        if limit == COMPLAINT {
            tokio::io::copy(&mut taken.into_inner(), &mut tokio::io::sink()).await?;
        }
    }
    Ok(bytes)
}

/// Text without a copy left behind.
pub(super) fn text(bytes: &[u8]) -> Option<Zeroizing<String>> {
    std::str::from_utf8(bytes)
        .ok()
        .map(|text| Zeroizing::new(text.to_owned()))
}

fn first_line(complaint: &[u8]) -> String {
    let text = String::from_utf8_lossy(complaint);
    let line = text.lines().map(str::trim).find(|line| !line.is_empty());
    line.unwrap_or_default()
        .chars()
        .filter(|c| !c.is_control())
        .take(SHOWN)
        .collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::keeper::seal::keyring::{Keyring, MasterKey};

    fn shell(script: &str, patience: Duration) -> Arc<CommandSource> {
        let arguments = vec!["-c".to_owned(), script.to_owned()];
        Arc::new(CommandSource {
            patience,
            ..CommandSource::new("/bin/sh", arguments)
        })
    }

    async fn refused(script: &str) -> KeyringError {
        let source = shell(script, Duration::from_secs(30));
        Keyring::load(source).await.err().unwrap()
    }

    #[tokio::test]
    async fn what_a_command_prints_is_the_list() {
        let (new, old) = (MasterKey::random(), MasterKey::random());
        let script = format!(
            "printf '%s' '{}{}'",
            new.line().as_str(),
            old.line().as_str()
        );
        let ring = Keyring::load(shell(&script, PATIENCE)).await.unwrap();
        assert_eq!(ring.primary().id(), new.id());
        assert!(ring.find(old.id()).is_some());
    }

    #[tokio::test]
    async fn it_finds_no_environment_but_the_path() {
        let script =
            "test \"$(env | grep -cv -e ^PATH= -e ^PWD= -e ^_= -e ^SHLVL=)\" = 0 || exit 9; exit 4";
        let error = refused(script).await.to_string();
        assert!(error.contains("exit status: 4"), "{error}");
    }

    #[tokio::test]
    async fn a_failing_command_is_quoted_by_its_first_line() {
        let error = refused("echo 'no such vault' >&2; echo more >&2; exit 3").await;
        let error = error.to_string();
        assert!(error.contains("exit status: 3: no such vault"), "{error}");
        assert!(!error.contains("more"), "{error}");
    }

    #[tokio::test]
    async fn garbage_and_floods_are_refused() {
        assert!(matches!(
            refused("echo garbage").await,
            KeyringError::Shape { .. }
        ));
        assert!(matches!(refused("true").await, KeyringError::Empty(_)));
        assert!(matches!(
            refused("printf '\\377'").await,
            KeyringError::NoText(_)
        ));
        assert!(matches!(refused("yes").await, KeyringError::TooLong(_)));
    }

    #[tokio::test]
    async fn a_command_that_hangs_is_ended_with_all_it_started() {
        let source = shell("sleep 1000 & sleep 1000", Duration::from_millis(200));
        assert!(matches!(
            Keyring::load(source).await.err().unwrap(),
            KeyringError::Hangs { .. }
        ));
    }

    #[tokio::test]
    async fn a_command_that_is_not_there_says_so() {
        let source = Arc::new(CommandSource::new("/nonexistent/keys", Vec::new()));
        assert!(matches!(
            Keyring::load(source).await.err().unwrap(),
            KeyringError::Start { .. }
        ));
    }
}
