//! Everything that can happen in a state: a worker's next step, time, somebody who asks, and each fault.

use super::super::class::Class;
use super::world::{Bug, Due, Idp, Phase, WORKERS, World};

/// Who did what, and where it leads.
pub type Next = (Event, World);
pub type Event = (Option<usize>, &'static str);

/// All that can happen next.
pub fn all(world: &World, bug: Option<Bug>) -> Vec<Next> {
    let mut found = Vec::new();
    for worker in 0..WORKERS {
        let idle = world.workers[worker] == Phase::Idle;
        let sends = matches!(world.workers[worker], Phase::Opened(_));
        if idle {
            claims(world, worker, &mut found);
        } else if !sends || world.requests < world.budget.requests {
            let next = world.step(worker, bug);
            found.extend(next.map(|next| ((Some(worker), "goes on"), next)));
        }
        if world.budget.faults > 0 && !idle {
            faults(world, worker, bug, &mut found);
        }
    }
    time(world, &mut found);
    found
}

fn claims(world: &World, worker: usize, found: &mut Vec<Next>) {
    // Idle workers are alike: the first of them stands for all.
    if world.workers[..worker].contains(&Phase::Idle) || world.requests >= world.budget.requests {
        return;
    }
    let scheduled = world.claim(worker, false);
    found.extend(scheduled.map(|next| ((Some(worker), "claims what is due"), next)));
    if world.budget.by_hand > 0 && world.row.due != Due::Now {
        let asked = world.claim(worker, true).map(|mut next| {
            next.budget.by_hand -= 1;
            ((Some(worker), "claims for somebody who asks"), next)
        });
        found.extend(asked);
    }
}

fn time(world: &World, found: &mut Vec<Next>) {
    if world.row.due == Due::Later {
        let mut next = *world;
        next.row.due = Due::Now;
        found.push(((None, "it is due"), next));
    }
    if let Some(owner) = world.row.lease {
        let dead = world.workers[usize::from(owner)] == Phase::Idle;
        if dead || world.budget.faults > 0 {
            let mut next = *world;
            next.row.lease = None;
            if !dead {
                next.budget.faults -= 1;
                next.lease_broken = true;
            }
            found.push(((None, "the lease ends"), next));
        }
    }
    if world.idp == Idp::Grace && !world.grace_over && world.budget.faults > 0 {
        let mut next = *world;
        next.grace_over = true;
        next.budget.faults -= 1;
        found.push(((None, "the grace is over"), next));
    }
    if !world.customer_revoked && world.budget.faults > 0 {
        let mut next = *world;
        next.customer_revoked = true;
        next.budget.faults -= 1;
        found.push(((None, "the customer revokes"), next));
    }
}

fn faults(world: &World, worker: usize, bug: Option<Bug>, found: &mut Vec<Next>) {
    let fault = |what: &'static str, change: &dyn Fn(&mut World)| {
        let mut next = *world;
        next.budget.faults -= 1;
        change(&mut next);
        ((Some(worker), what), next)
    };
    found.push(fault("crashes", &|next| {
        next.workers[worker] = Phase::Idle;
        // Its lease runs on.
        next.excused = true;
    }));
    match world.workers[worker] {
        Phase::Sent {
            grant, previous, ..
        } => {
            let refused = |class| Phase::Refused { grant, class };
            found.push(fault("gets no answer", &|next| {
                next.workers[worker] = refused(Class::Transient);
            }));
            found.push(fault("is refused out of the blue", &|next| {
                next.workers[worker] = refused(Class::Ambiguous);
            }));
            found.push(fault("is answered, and the reply is lost", &|next| {
                next.act(if previous {
                    grant.previous
                } else {
                    grant.current
                });
                next.workers[worker] = refused(Class::Transient);
                next.excused = true;
            }));
        }
        Phase::Refused { grant, class } => found.push(fault("notes it and crashes", &|next| {
            next.note_refusal(grant, class, bug);
            next.workers[worker] = Phase::Idle;
        })),
        Phase::Received(good) => {
            found.push(fault("the commit is lost", &|next| {
                next.workers[worker] = Phase::Unsure(good);
            }));
            found.push(fault("the commit's answer is lost", &|next| {
                next.commit(worker, good, bug);
                next.workers[worker] = Phase::Unsure(good);
            }));
        }
        _ => {}
    }
}
