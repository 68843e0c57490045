//! Where settings come from, and bringing them together under their dotted names.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use config::{Config as Merged, Environment, File, FileFormat, Value, ValueKind};

use super::error::ConfigError;

/// Variables that begin like settings and are something else: where the file is, where Postgres' programs are, and what
/// `tenantry token` takes.
const NO_SETTINGS: [&str; 4] = [
    "TENANTRY_CONFIG",
    "TENANTRY_PG_BIN",
    "TENANTRY_URL",
    "TENANTRY_API_KEY_FILE",
];
/// Looked for in this order when no file is named.
const USUAL_FILES: [&str; 2] = ["tenantry.toml", "/etc/tenantry/tenantry.toml"];

/// One setting as it was found.
#[derive(Debug, Clone)]
pub struct Given {
    /// One text, or the texts of a list.
    pub values: Vec<String>,
    /// Was it written as a list? A text may still be read as one, by its commas.
    pub is_list: bool,
    pub origin: Origin,
}

/// Where a setting was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    File(PathBuf),
    Environment,
    Program,
}

/// What is to be read.
#[derive(Debug, Default)]
pub struct Sources {
    file: Option<PathBuf>,
    /// A file's text without a file.
    text: Option<String>,
    environment: HashMap<String, String>,
    pairs: Vec<(String, String)>,
}

impl Sources {
    /// The file and the process' environment.
    pub fn system(file: Option<&Path>) -> Result<Self, ConfigError> {
        let variables = std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        Self::of(file, variables)
    }

    /// The file and these variables.
    pub fn of(
        file: Option<&Path>,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let file = file.map(PathBuf::from).or_else(|| {
            USUAL_FILES
                .map(PathBuf::from)
                .into_iter()
                .find(|path| path.exists())
        });
        if let Some(path) = &file {
            // Said here, because the library's own message does not tell absence from lack of permission.
            std::fs::File::open(path).map_err(|source| ConfigError::Unreadable {
                path: path.clone(),
                source,
            })?;
        }
        let environment = variables
            .into_iter()
            .filter(|(name, _)| !NO_SETTINGS.contains(&name.as_str()))
            .collect();
        Ok(Self {
            file,
            text: None,
            environment,
            pairs: Vec::new(),
        })
    }

    /// The text of a file, and nothing of this machine.
    #[cfg(feature = "faults")]
    pub fn text(text: &str) -> Self {
        Self {
            text: Some(text.to_owned()),
            ..Self::default()
        }
    }

    /// Settings that the program itself chose.
    pub fn pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        Self {
            pairs: pairs
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            ..Self::default()
        }
    }

    /// All settings by dotted name; the environment goes before the file.
    pub fn merge(self) -> Result<BTreeMap<String, Given>, ConfigError> {
        let mut builder = Merged::builder();
        if let Some(path) = &self.file {
            builder = builder.add_source(File::from(path.as_path()).format(FileFormat::Toml));
        }
        if let Some(text) = &self.text {
            builder = builder.add_source(File::from_str(text, FileFormat::Toml));
        }
        builder = builder.add_source(
            Environment::with_prefix("TENANTRY")
                .prefix_separator("_")
                .separator("__")
                .source(Some(self.environment)),
        );
        let path = self.file.unwrap_or_default();
        let merged = builder.build().map_err(|error| ConfigError::Malformed {
            path: path.clone(),
            message: without_excerpt(&error.to_string()),
        })?;
        let mut all = BTreeMap::new();
        flatten(&mut all, "", merged.cache, &path);
        for (name, value) in self.pairs {
            let origin = Origin::Program;
            all.insert(
                name,
                Given {
                    values: vec![value],
                    is_list: false,
                    origin,
                },
            );
        }
        Ok(all)
    }
}

fn flatten(all: &mut BTreeMap<String, Given>, name: &str, value: Value, path: &Path) {
    let origin = match value.origin() {
        Some("the environment") => Origin::Environment,
        _ => Origin::File(path.to_owned()),
    };
    match value.kind {
        ValueKind::Table(table) => {
            for (key, value) in table {
                let inner = if name.is_empty() {
                    key
                } else {
                    format!("{name}.{key}")
                };
                flatten(all, &inner, value, path);
            }
        }
        ValueKind::Array(values) => {
            let values = values.into_iter().map(|value| value.to_string()).collect();
            all.insert(
                name.into(),
                Given {
                    values,
                    is_list: true,
                    origin,
                },
            );
        }
        other => {
            let values = vec![other.to_string()];
            all.insert(
                name.into(),
                Given {
                    values,
                    is_list: false,
                    origin,
                },
            );
        }
    }
}

/// The parser's place and reason without the lines between, which quote the file and perhaps a password.
fn without_excerpt(message: &str) -> String {
    let lines: Vec<_> = message
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    match lines.as_slice() {
        [place, .., reason] => format!("{place}: {reason}"),
        [only] => (*only).to_owned(),
        [] => String::new(),
    }
}
