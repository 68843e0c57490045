//! What browsers report about the content policy: counts by directive.

use super::store::csp;
use crate::domain::op::Op;

/// A directive of our policy, or another. What a report says is never taken over as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Directive(&'static str);

const OURS: [&str; 12] = [
    "base-uri",
    "connect-src",
    "default-src",
    "font-src",
    "form-action",
    "frame-ancestors",
    "img-src",
    "object-src",
    "require-trusted-types-for",
    "script-src",
    "style-src",
    "trusted-types",
];

impl Directive {
    /// As a report names it: `script-src-elem` is the policy's `script-src`, and the older form adds the values.
    pub fn of(reported: &str) -> Self {
        let name = reported.split_ascii_whitespace().next().unwrap_or_default();
        let name = name
            .strip_suffix("-elem")
            .or_else(|| name.strip_suffix("-attr"))
            .unwrap_or(name);
        Self(
            OURS.into_iter()
                .find(|known| *known == name)
                .unwrap_or("other"),
        )
    }

    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

/// Count reports, one for each directive given.
pub async fn count_csp_reports(op: &mut Op, directives: &[Directive]) -> Result<(), sqlx::Error> {
    let mut sums: Vec<(&'static str, i64)> = Vec::new();
    for directive in directives {
        match sums.iter_mut().find(|(name, _)| *name == directive.0) {
            Some((_, n)) => *n += 1,
            None => sums.push((directive.0, 1)),
        }
    }
    // In one order, so that two replicas do not wait for each other in a circle.
    sums.sort_unstable();
    for (directive, n) in sums {
        csp::count(op, directive, n).await?;
    }
    Ok(())
}
