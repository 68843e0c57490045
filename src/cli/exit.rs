//! How a command ends: 0 done, 1 failed, 2 usage, 78 configuration (`EX_CONFIG` of sysexits.h).

use std::error::Error;
use std::io;
use std::process::ExitCode;

use crate::backup::BackupError;
use crate::config::{ConfigError, SecretFileError};
use crate::domain::sign_on::SetUpError;
use crate::keeper::{BootError, CustodyError, KeyringError, RestoreError, StartError};
use crate::process;
use crate::storage::UrlError;
use crate::web::tls::TlsError;

const FAILED: u8 = 1;
const USAGE: u8 = 2;
const CONFIGURATION: u8 = 78;

/// The arguments are each right and make no sense together.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct UsageError(pub String);

/// Say what failed, with its causes, and end with the code of its kind. Whoever closed our output has read enough.
pub fn failed(error: &anyhow::Error) -> ExitCode {
    if error.chain().any(is_closed_pipe) {
        return ExitCode::SUCCESS;
    }
    eprintln!("error: {error:#}");
    code(error).into()
}

/// End as clap wants it: help and version are no failure.
pub fn usage(error: &clap::Error) -> ExitCode {
    if error.use_stderr() {
        USAGE.into()
    } else {
        ExitCode::SUCCESS
    }
}

fn code(error: &anyhow::Error) -> u8 {
    if error.is::<UsageError>() {
        USAGE
    } else if error.chain().any(is_configuration) {
        CONFIGURATION
    } else {
        FAILED
    }
}

fn is_closed_pipe(cause: &(dyn Error + 'static)) -> bool {
    cause
        .downcast_ref::<io::Error>()
        .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

fn is_configuration(cause: &(dyn Error + 'static)) -> bool {
    cause.is::<ConfigError>()
        || cause.is::<SecretFileError>()
        || cause.is::<UrlError>()
        || cause.is::<SetUpError>()
        || cause.is::<TlsError>()
        || cause.is::<KeyringError>()
        || cause
            .downcast_ref()
            .is_some_and(BackupError::is_configuration)
        || matches!(cause.downcast_ref(), Some(StartError::Boot(boot)) if boot.is_configuration())
        || cause
            .downcast_ref()
            .is_some_and(BootError::is_configuration)
        || matches!(cause.downcast_ref(), Some(RestoreError::Keys(boot)) if boot.is_configuration())
        || matches!(cause.downcast_ref(), Some(CustodyError::Source(_)))
        || matches!(cause.downcast_ref(), Some(CustodyError::Boot(boot)) if boot.is_configuration())
        || cause.downcast_ref().is_some_and(keeper_said_so)
        || matches!(cause.downcast_ref(), Some(process::SetupError::Config(_)))
}

/// The keeper's process ended with that code at its start.
fn keeper_said_so(error: &process::StartError) -> bool {
    error.code() == Some(i32::from(CONFIGURATION))
}

#[cfg(test)]
mod tests {
    use anyhow::Context;

    use super::*;

    #[test]
    fn the_kind_of_error_decides_the_code_also_under_context() {
        let config = Err::<(), _>(ConfigError::Settings(Vec::new()));
        assert_eq!(code(&config.context("while starting").unwrap_err()), 78);
        assert_eq!(code(&UsageError("both".into()).into()), 2);
        assert_eq!(code(&anyhow::anyhow!("the disk is full")), 1);
    }
}
