//! Asking for settings one by one. Who asks for a name makes it known; what nobody asked for is unknown. So there is no
//! second list of names to keep in step.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use secrecy::SecretString;
use url::{Host, Url};

use super::error::{ConfigError, Problem};
use super::secret_file::SecretFile;
use super::sources::{Given, Origin};

pub const ORIGIN: &str = "the address people use, without a path, e.g. https://portal.msp.example";
pub const SAFE_URL: &str = "an https address (http only for this machine)";

/// The settings found, those asked for, and what was wrong.
#[derive(Debug)]
pub struct Reader {
    given: BTreeMap<String, Given>,
    known: BTreeSet<&'static str>,
    problems: Vec<Problem>,
}

impl Reader {
    pub fn new(given: BTreeMap<String, Given>) -> Self {
        Self {
            given,
            known: BTreeSet::new(),
            problems: Vec::new(),
        }
    }

    /// The value of `name`, if it is given, not empty, and `parse` takes it. A refused one is noted.
    pub fn parse<T>(
        &mut self,
        name: &'static str,
        expected: &'static str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let given = self.take(name)?;
        match given.values.as_slice() {
            [] => None,
            [one] if one.trim().is_empty() => None,
            [one] if !given.is_list => {
                let parsed = parse(one.trim());
                if parsed.is_none() {
                    self.wrong(name, &given, true, expected);
                }
                parsed
            }
            _ => {
                self.wrong(name, &given, true, expected);
                None
            }
        }
    }

    /// A list: a TOML array, or one text with commas.
    pub fn list<T>(
        &mut self,
        name: &'static str,
        expected: &'static str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<Vec<T>> {
        let given = self.take(name)?;
        let parts: Vec<&str> = given
            .values
            .iter()
            .flat_map(|value| value.split(','))
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .collect();
        if parts.is_empty() {
            return None;
        }
        let parsed: Option<Vec<T>> = parts.into_iter().map(parse).collect();
        if parsed.is_none() {
            self.wrong(name, &given, true, expected);
        }
        parsed
    }

    pub fn text(&mut self, name: &'static str) -> Option<String> {
        self.parse(name, "a text", |text| Some(text.to_owned()))
    }

    pub fn path(&mut self, name: &'static str) -> Option<PathBuf> {
        self.parse(name, "a path", |text| Some(PathBuf::from(text)))
    }

    pub fn secret_file(&mut self, name: &'static str) -> Option<SecretFile> {
        let path = self.path(name)?;
        Some(SecretFile::new(name, path))
    }

    /// A program by its full path, with its arguments as they are; a text is split at blanks.
    pub fn command(&mut self, name: &'static str) -> Option<Vec<String>> {
        let given = self.take(name)?;
        let words: Vec<String> = if given.is_list {
            given.values.clone()
        } else {
            let words = given.values.iter().flat_map(|text| text.split_whitespace());
            words.map(ToOwned::to_owned).collect()
        };
        let first = words.first()?;
        if !first.starts_with('/') {
            let expected = "the full path of a program, then its arguments, e.g. [\"/usr/local/bin/keys\", \"--all\"]";
            self.wrong(name, &given, true, expected);
            return None;
        }
        Some(words)
    }

    /// Is `name` given?
    pub fn is_given(&self, name: &str) -> bool {
        self.given.contains_key(name)
    }

    /// A switch; off unless given.
    pub fn flag(&mut self, name: &'static str) -> bool {
        self.parse(name, "true or false", |text| text.parse().ok())
            .unwrap_or(false)
    }

    /// Note that a setting, right by itself, makes no sense with the others.
    pub fn misfit(&mut self, name: &'static str, expected: &'static str) {
        self.problems.push(Problem::Misfit { name, expected });
    }

    /// Note that two settings exclude each other.
    pub fn both(&mut self, name: &'static str, other: &'static str) {
        self.problems.push(Problem::Both { name, other });
    }

    /// Address and port; on this machine only and `port` unless given.
    pub fn address(&mut self, name: &'static str, port: u16) -> SocketAddr {
        self.parse(name, "an address and port, e.g. 127.0.0.1:8080", |text| {
            text.parse().ok()
        })
        .unwrap_or_else(|| SocketAddr::new(IpAddr::from([127, 0, 0, 1]), port))
    }

    /// A database's address, which may hold a password and is therefore never repeated.
    pub fn database_url(&mut self, name: &'static str) -> Option<SecretString> {
        let given = self.take(name)?;
        let text = given.values.first()?.trim();
        if text.is_empty() {
            return None;
        }
        let url = SecretString::from(text);
        if given.is_list || crate::storage::check_database_url(&url).is_err() {
            let expected = "postgres://user:password@host:5432/database";
            self.wrong(name, &given, false, expected);
            return None;
        }
        Some(url)
    }

    /// Note that `name` is missing where others demand it.
    pub fn missing(&mut self, name: &'static str, expected: &'static str) {
        // One that is there and wrong has been noted already.
        if !self
            .problems
            .iter()
            .any(|known| matches!(known, Problem::Wrong { name: noted, .. } if *noted == name))
        {
            self.problems.push(Problem::Missing { name, expected });
        }
    }

    /// The settings, unless something was wrong with them. Call when all have been asked for.
    pub fn finish<T>(mut self, settings: T) -> Result<T, ConfigError> {
        let unknown = std::mem::take(&mut self.given);
        let unknown = unknown
            .iter()
            .filter(|(name, _)| !self.known.contains(name.as_str()))
            .map(|(name, given)| self.unknown(name, &given.origin))
            .collect::<Vec<_>>();
        self.problems.extend(unknown);
        ConfigError::unless_empty(self.problems)?;
        Ok(settings)
    }

    fn take(&mut self, name: &'static str) -> Option<Given> {
        self.known.insert(name);
        self.given.get(name).cloned()
    }

    fn wrong(&mut self, name: &'static str, given: &Given, show: bool, expected: &'static str) {
        self.problems.push(Problem::Wrong {
            name,
            origin: describe(&given.origin),
            given: show.then(|| given.values.join(", ")),
            expected,
        });
    }

    fn unknown(&self, name: &str, origin: &Origin) -> Problem {
        let nearest = self
            .known
            .iter()
            .map(|known| (strsim::normalized_damerau_levenshtein(name, known), *known))
            .max_by(|a, b| a.0.total_cmp(&b.0))
            .filter(|(likeness, _)| *likeness > 0.5)
            .map(|(_, known)| known);
        Problem::Unknown {
            name: as_written(name, origin),
            origin: describe(origin),
            suggestion: nearest.map(|known| as_written(known, origin)),
        }
    }
}

/// `smtp.host` is `TENANTRY_SMTP__HOST` in the environment.
fn as_written(name: &str, origin: &Origin) -> String {
    match origin {
        Origin::Environment => format!("TENANTRY_{}", name.to_uppercase().replace('.', "__")),
        _ => name.to_owned(),
    }
}

fn describe(origin: &Origin) -> String {
    match origin {
        Origin::File(path) => path.display().to_string(),
        Origin::Environment => "the environment".into(),
        Origin::Program => "the program's own settings".into(),
    }
}

/// Scheme, host and port, nothing behind.
pub fn origin(text: &str) -> Option<Url> {
    let url: Url = text.parse().ok()?;
    let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    let nobody = url.username().is_empty() && url.password().is_none();
    (matches!(url.scheme(), "http" | "https") && url.has_host() && bare && nobody).then_some(url)
}

/// `https`, or `http` to this machine, as the simulator speaks.
pub fn safe_url(text: &str) -> Option<Url> {
    let url: Url = text.parse().ok()?;
    let here = is_this_machine(&url);
    (url.scheme() == "https" || (url.scheme() == "http" && here)).then_some(url)
}

/// Whether the address leads nowhere but to this machine.
pub fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// A host name or address without scheme, port or path.
pub fn host(text: &str) -> Option<String> {
    Host::parse(text).ok().map(|host| host.to_string())
}
