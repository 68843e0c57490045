//! Which resources of the set a run asks for. Pure.

use time::{Duration, OffsetDateTime};

use crate::keeper::resource::Resource;
use crate::keeper::store::tokens::TokenRow;

/// A token of this age is exercised in a scheduled run; younger ones were renewed because they are in use.
const OLD: Duration = Duration::hours(12);
/// Used within this time counts as in use.
const IN_USE: Duration = Duration::hours(1);

/// What a run is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Scheduled: what is old, failed or in use.
    Due,
    /// Somebody asked: every resource.
    All,
    /// Somebody needs another token for this one than the stored.
    One(Resource),
    /// Somebody needs a token for this one that lives until then; who asked a moment earlier may have brought it.
    Until(Resource, OffsetDateTime),
    /// An onboarding: what was not acquired yet.
    Missing,
    /// An onboarding that waits for consent: the first of what is missing tells whether it came.
    Probe,
}

/// The resources to ask for, in the order of the set.
pub fn plan(tokens: &[TokenRow], wish: Wish, now: OffsetDateTime) -> Vec<Resource> {
    let wanted = |token: &&TokenRow| match wish {
        Wish::All => true,
        Wish::One(one) => token.resource == one,
        Wish::Until(one, until) => token.resource == one && !lives_until(token, until),
        Wish::Missing => !token.is_valid(),
        Wish::Probe => token.required && !token.is_valid(),
        Wish::Due => is_due(token, now),
    };
    let chosen: Vec<_> = tokens
        .iter()
        .filter(wanted)
        .map(|token| token.resource)
        .take(if wish == Wish::Probe { 1 } else { usize::MAX })
        .collect();
    if chosen.is_empty() && wish == Wish::Due {
        // Due for the sake of the refresh token: any of them exercises it.
        return tokens
            .first()
            .map(|token| token.resource)
            .into_iter()
            .collect();
    }
    chosen
}

/// When the first of the tokens in use should be renewed: at half of its life.
pub fn renew_at(tokens: &[TokenRow], now: OffsetDateTime) -> Option<OffsetDateTime> {
    tokens
        .iter()
        .filter(|token| token.is_valid() && in_use(token, now))
        .filter_map(half_life)
        .min()
}

fn lives_until(token: &TokenRow, until: OffsetDateTime) -> bool {
    token.is_valid() && token.expires_at.is_some_and(|at| at >= until)
}

fn is_due(token: &TokenRow, now: OffsetDateTime) -> bool {
    let old = token.last_ok_at.is_none_or(|at| now - at >= OLD);
    let worn = in_use(token, now) && half_life(token).is_none_or(|at| now >= at);
    !token.is_valid() || old || worn
}

fn in_use(token: &TokenRow, now: OffsetDateTime) -> bool {
    token.last_used_at.is_some_and(|at| now - at <= IN_USE)
}

fn half_life(token: &TokenRow) -> Option<OffsetDateTime> {
    let (from, to) = (token.acquired_at?, token.expires_at?);
    Some(from + (to - from) / 2)
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-03-02 08:00 UTC);

    fn token(resource: Resource, state: &str, age: Duration) -> TokenRow {
        TokenRow {
            resource,
            required: true,
            state: state.into(),
            scopes: Vec::new(),
            acquired_at: Some(NOW - age),
            expires_at: Some(NOW - age + Duration::hours(1)),
            last_ok_at: Some(NOW - age),
            last_used_at: None,
        }
    }

    #[test]
    fn a_scheduled_run_asks_for_what_is_old_or_failed() {
        let tokens = [
            token(Resource::Graph, "valid", Duration::hours(24)),
            token(Resource::Exchange, "valid", Duration::minutes(20)),
            token(Resource::Teams, "failed", Duration::minutes(20)),
        ];
        assert_eq!(
            plan(&tokens, Wish::Due, NOW),
            [Resource::Graph, Resource::Teams]
        );
        assert_eq!(plan(&tokens, Wish::All, NOW).len(), 3);
        assert_eq!(plan(&tokens, Wish::Missing, NOW), [Resource::Teams]);
        assert_eq!(plan(&tokens[1..2], Wish::Due, NOW), [Resource::Exchange]);
    }

    #[test]
    fn what_somebody_else_has_just_brought_is_not_asked_for_again() {
        let graph = [token(Resource::Graph, "valid", Duration::minutes(20))];
        let until = |minutes| Wish::Until(Resource::Graph, NOW + Duration::minutes(minutes));
        assert_eq!(plan(&graph, until(40), NOW), []);
        assert_eq!(plan(&graph, until(41), NOW), [Resource::Graph]);
        let failed = [token(Resource::Graph, "failed", Duration::minutes(20))];
        assert_eq!(plan(&failed, until(5), NOW), [Resource::Graph]);
    }

    #[test]
    fn a_token_in_use_is_renewed_at_half_of_its_life() {
        let mut used = token(Resource::Graph, "valid", Duration::minutes(40));
        assert_eq!(renew_at(&[used.clone()], NOW), None);
        used.last_used_at = Some(NOW - Duration::minutes(5));
        assert_eq!(
            renew_at(&[used.clone()], NOW),
            Some(NOW - Duration::minutes(10))
        );
        let unused = token(Resource::Teams, "valid", Duration::minutes(50));
        assert_eq!(plan(&[unused, used], Wish::Due, NOW), [Resource::Graph]);
    }
}
