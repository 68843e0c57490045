//! The steps of the protocol: what a worker does next when nothing goes wrong, and what Microsoft answers.

use time::macros::datetime;
use time::{Duration, OffsetDateTime};

use super::super::class::Class;
use super::super::decide::{Answer, Decision, Facts, Standing, decide, never};
use super::super::settle::{Ours, Seen, Settled, counts, settle};
use super::super::state::State;
use super::world::{Bug, Due, Good, Grant, Idp, Phase, Said, World};

const NOW: OffsetDateTime = datetime!(2026-03-02 08:00 UTC);

fn at(request: u8) -> OffsetDateTime {
    NOW + Duration::seconds(request.into())
}

impl World {
    /// A worker takes the row in hand; scheduled only when due.
    pub fn claim(mut self, worker: usize, by_hand: bool) -> Option<Self> {
        let served = by_hand || (self.row.due == Due::Now && self.row.state.is_living());
        let free = self.row.lease.is_none() && self.workers[worker] == Phase::Idle;
        (served && free).then(|| {
            self.row.lease = u8::try_from(worker).ok();
            self.workers[worker] = Phase::Claimed;
            self
        })
    }

    /// What the worker does next, when nothing goes wrong. None: it is idle.
    pub fn step(self, worker: usize, bug: Option<Bug>) -> Option<Self> {
        let mut next = self;
        next.workers[worker] = match self.workers[worker] {
            Phase::Idle => return None,
            Phase::Claimed => Phase::Opened(self.open()),
            Phase::Opened(grant) => next.send(grant, false),
            Phase::Sent {
                grant,
                sent,
                previous,
            } => {
                let token = if previous {
                    grant.previous
                } else {
                    grant.current
                };
                let answer = next.act(token);
                next.receive(grant, sent, previous, answer, bug)
            }
            Phase::Received(good) => {
                if next.commit(worker, good, bug) {
                    next.done(worker, good, bug)
                } else {
                    next.look(worker, good, bug)
                }
            }
            Phase::Unsure(good) => next.look(worker, good, bug),
            Phase::Refused { grant, class } => {
                next.note_refusal(grant, class, bug);
                next.release(worker, bug);
                Phase::Idle
            }
        };
        Some(next)
    }

    fn open(&self) -> Grant {
        Grant {
            version: self.row.version,
            current: self.row.current,
            previous: self.row.previous,
            state: self.row.state,
            checks: self.row.checks,
            in_trouble: self.row.in_trouble,
            due: self.row.due == Due::Now,
        }
    }

    fn send(&mut self, grant: Grant, previous: bool) -> Phase {
        self.requests += u8::from(!previous);
        self.clock += 1;
        Phase::Sent {
            grant,
            sent: self.clock,
            previous,
        }
    }

    /// Microsoft acts on a request.
    pub fn act(&mut self, token: Option<u8>) -> Said {
        let Some(token) = token else {
            return Said::Refused(Class::Ambiguous);
        };
        let fine = self.accepts(token);
        if self.idp == Idp::Family && self.superseded.has(token) {
            self.family_revoked = true;
        }
        if !fine {
            return Said::Refused(if self.customer_revoked {
                Class::Definitive
            } else {
                Class::Ambiguous
            });
        }
        let fresh = self.next;
        self.next += 1;
        self.superseded = self.superseded.with(token);
        self.worked = self.worked.with(token);
        Said::Token(fresh)
    }

    fn receive(
        &mut self,
        grant: Grant,
        sent: u8,
        previous: bool,
        answer: Said,
        bug: Option<Bug>,
    ) -> Phase {
        match answer {
            Said::Token(token) => {
                let good = Good {
                    grant,
                    token,
                    sent,
                    by_previous: previous,
                    from: grant.version,
                };
                if bug == Some(Bug::PublishesBeforeCommit) {
                    self.published = self.published.with(token);
                }
                Phase::Received(good)
            }
            // As in `answer::ask`: the token before is tried once, and only its success counts.
            Said::Refused(class) if !previous && class.refuses_the_grant() => {
                if grant.previous.is_some() {
                    self.send(grant, true)
                } else {
                    Phase::Refused { grant, class }
                }
            }
            Said::Refused(class) if previous => Phase::Refused {
                grant,
                class: if class.refuses_the_grant() {
                    class
                } else {
                    Class::Ambiguous
                },
            },
            Said::Refused(class) => Phase::Refused { grant, class },
        }
    }

    /// Compare the version and store; false: it moved.
    pub fn commit(&mut self, worker: usize, good: Good, bug: Option<Bug>) -> bool {
        let ours = self.row.lease == u8::try_from(worker).ok();
        let fits = match bug {
            Some(Bug::ComparesTheLease) => ours,
            Some(Bug::ComparesNothing) => true,
            _ => self.row.version == good.from,
        };
        if !fits {
            return false;
        }
        let decision = decide(&standing(&good.grant), Answer::Works, &facts());
        self.row.version = good.from + 1;
        if !good.by_previous {
            self.row.previous = self.row.current;
        }
        if bug == Some(Bug::ForgetsThePreviousAtOnce) {
            self.row.previous = None;
        }
        self.row.current = Some(good.token);
        self.row.obtained = good.sent;
        self.settled = self.settled.with(good.token);
        self.refusals = 0;
        self.apply(&decision);
        true
    }

    /// After a commit that did not fit, or of which nobody knows.
    fn look(&mut self, worker: usize, good: Good, bug: Option<Bug>) -> Phase {
        if bug == Some(Bug::ComparesTheLease) {
            // Whoever has lost the lease believes that the other one has it all.
            self.release(worker, bug);
            return Phase::Idle;
        }
        let seen = Seen {
            version: self.row.version.into(),
            obtained_at: at(self.row.obtained),
            is_ours: self.row.current == Some(good.token),
        };
        let ours = Ours {
            version: good.grant.version.into(),
            sent_at: at(good.sent),
        };
        match settle(Some(seen), ours) {
            Settled::There => self.done(worker, good, bug),
            Settled::Erased => unreachable!("nobody disconnects in this model"),
            Settled::Again { from } => {
                let moved = from > good.grant.version.into();
                if bug == Some(Bug::KeepsTheOlderAnswer) && moved {
                    return self.done(worker, good, bug);
                }
                Phase::Received(Good {
                    from: u8::try_from(from).unwrap(),
                    ..good
                })
            }
        }
    }

    /// Settled: those who wait are told, and the lease is given back.
    fn done(&mut self, worker: usize, good: Good, bug: Option<Bug>) -> Phase {
        // Ours, or one that is newer: only a newer one may take its place.
        if self.row.obtained >= good.sent {
            self.settled = self.settled.with(good.token);
        }
        self.published = self.published.with(good.token);
        self.release(worker, bug);
        Phase::Idle
    }

    pub fn note_refusal(&mut self, grant: Grant, class: Class, bug: Option<Bug>) {
        let version = self.row.version.into();
        let counted =
            counts(Some(version), grant.version.into()) || bug == Some(Bug::BelievesStaleRefusals);
        if !counted {
            return;
        }
        let standing = standing(&grant);
        let mut decision = decide(&standing, Answer::Fails(class), &facts());
        match class {
            Class::Definitive => self.refusals = u8::MAX,
            Class::Ambiguous if decision.state == State::Suspect || standing.suspect_checks > 0 => {
                let confirmed = grant.state != State::Suspect || grant.due;
                self.refusals = self.refusals.saturating_add(confirmed.into());
            }
            _ => {}
        }
        if bug == Some(Bug::CallsDeadAtOnce) && class == Class::Ambiguous {
            decision.state = State::NeedsConsent;
        }
        if bug == Some(Bug::ErasesWhatIsRefused) {
            self.row.current = None;
        }
        self.apply(&decision);
    }

    fn apply(&mut self, decision: &Decision) {
        self.row.state = decision.state;
        self.row.checks = decision.suspect_checks;
        self.row.in_trouble = decision.trouble_since.is_some();
        self.row.due = if decision.next_refresh_at == never() {
            Due::Never
        } else {
            assert!(decision.next_refresh_at > NOW, "asked again at once");
            Due::Later
        };
    }

    /// Give the lease back, if it is still ours.
    fn release(&mut self, worker: usize, bug: Option<Bug>) {
        if bug != Some(Bug::KeepsTheLease) && self.row.lease == u8::try_from(worker).ok() {
            self.row.lease = None;
        }
    }
}

fn standing(grant: &Grant) -> Standing {
    let due_at = if grant.due {
        NOW
    } else {
        NOW + Duration::hours(1)
    };
    Standing {
        state: grant.state,
        suspect_checks: grant.checks,
        trouble_since: grant.in_trouble.then_some(NOW - Duration::hours(1)),
        attempt: 1,
        due_at,
        next_refresh_at: due_at,
    }
}

fn facts() -> Facts {
    Facts {
        now: NOW,
        required: true,
        other_required_failed: false,
        other_works: false,
        more_to_come: false,
        mass_trouble: false,
        renew_at: None,
        jitter: 0.5,
    }
}
