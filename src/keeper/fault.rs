//! The points of the refresh protocol at which a rehearsal may strike (security.md section 7). Without the feature
//! `faults` a point is nothing at all.

/// Where a keeper stands in the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Point {
    Claimed,
    Opened,
    Gated,
    /// The request is on its way; Microsoft may or may not have acted.
    Sent,
    /// The answer is here and not yet stored.
    Received,
    /// Everything is written, nothing is committed.
    BeforeCommit,
    /// COMMIT was sent and its answer is not looked at yet.
    Committed,
    Published,
    /// The token before the one that has worked is erased or moved aside, not committed yet.
    Proven,
}

/// The keeper has come to `point`.
pub fn reach(point: Point) {
    let _ = point;
}
