//! The state shown for a tenant, as a table: from the keeper's facts to the word on screen.

use tenantry::clock::Clock;
use tenantry::domain::connection::{self, ShownState};
use tenantry::domain::op::{Actor, Op, Scope};
use tenantry::domain::place::Place;
use tenantry::storage::{ConnectionId, TenantId};
use time::Duration;

use crate::support::db::{TestDb, test_db};
use crate::support::fleet::Fleet;

struct Case {
    db: TestDb,
    fleet: Fleet,
    clock: Clock,
    tenant: TenantId,
}

async fn case() -> Case {
    let db = test_db().await;
    let clock = Clock::system();
    let fleet = Fleet::new(&db, clock.now()).await;
    let tenant = fleet.tenant("contoso", "Contoso Ltd").await;
    Case {
        db,
        fleet,
        clock,
        tenant,
    }
}

impl Case {
    async fn row(&self) -> connection::Row {
        let mut op = self.op().await;
        connection::one(&mut op, Scope::all(), self.tenant)
            .await
            .unwrap()
            .expect("the tenant is listed")
    }

    async fn state(&self) -> ShownState {
        self.row().await.state
    }

    /// With the portal's own grants, so that a missing one fails here.
    async fn op(&self) -> Op {
        Op::begin(&self.db.web(), &self.clock, Actor::Command("test"))
            .await
            .unwrap()
    }

    async fn connect(&self, state: &str) -> ConnectionId {
        self.fleet.connection(self.tenant, state).await
    }
}

#[tokio::test]
async fn without_anything_a_tenant_is_not_connected() {
    let case = case().await;
    let row = case.row().await;
    assert_eq!(row.state, ShownState::NotConnected);
    assert!(row.connection.is_none());
    assert_eq!((row.tokens_valid, row.tokens_total), (0, 3));
    assert_eq!(row.admin, "admin@contoso.example");
}

#[tokio::test]
async fn the_keepers_states_have_a_shown_state_each() {
    for (keeper, shown) in [
        ("active", ShownState::Valid),
        ("suspect", ShownState::Retrying),
        ("needs_consent", ShownState::Expired),
        ("quarantined", ShownState::Expired),
        ("pending", ShownState::InvitationPending),
        ("revoked", ShownState::NotConnected),
    ] {
        let case = case().await;
        case.connect(keeper).await;
        let row = case.row().await;
        assert_eq!(row.state, shown, "{keeper}");
        let lives = matches!(keeper, "active" | "suspect");
        assert_eq!(row.tokens_valid, if lives { 3 } else { 0 }, "{keeper}");
        assert_eq!(row.quarantined, keeper == "quarantined");
    }
}

#[tokio::test]
async fn transient_trouble_is_retrying_since_it_began() {
    let case = case().await;
    let connection = case.connect("active").await;
    case.fleet
        .change(
            connection,
            "trouble_since = now() - interval '3 hours', cause = 'throttled'",
        )
        .await;
    let row = case.row().await;
    assert_eq!(row.state, ShownState::Retrying);
    assert_eq!(row.words(), "Too many requests");
    let since = case.fleet.now - row.since;
    assert!((since - Duration::hours(3)).abs() < Duration::minutes(1));
}

#[tokio::test]
async fn a_date_ahead_is_expiring_within_its_lead_time() {
    for (reason, left, shown) in [
        ("idle", Duration::days(15), ShownState::Valid),
        ("idle", Duration::days(13), ShownState::Expiring),
        ("credential", Duration::days(13), ShownState::Expiring),
        ("sign_in_frequency", Duration::days(4), ShownState::Valid),
        ("sign_in_frequency", Duration::days(2), ShownState::Expiring),
        // A date that has passed proves nothing: only an answer of Microsoft makes it Expired.
        ("idle", Duration::days(-1), ShownState::Expiring),
    ] {
        let case = case().await;
        let connection = case.connect("active").await;
        case.fleet.expires(connection, left, reason).await;
        assert_eq!(case.state().await, shown, "{reason} in {left}");
    }
}

#[tokio::test]
async fn a_short_rhythm_is_expiring_only_in_its_last_quarter() {
    let case = case().await;
    let connection = case.connect("active").await;
    case.fleet
        .change(connection, "obtained_at = now() - interval '1 hour'")
        .await;
    case.fleet
        .expires(connection, Duration::hours(11), "federated")
        .await;
    assert_eq!(case.state().await, ShownState::Valid);
    case.clock.advance(std::time::Duration::from_hours(9));
    assert_eq!(case.state().await, ShownState::Expiring);
}

#[tokio::test]
async fn the_business_clock_decides_not_the_databases() {
    let case = case().await;
    let connection = case.connect("active").await;
    case.fleet
        .expires(connection, Duration::days(60), "idle")
        .await;
    assert_eq!(case.state().await, ShownState::Valid);
    case.clock.advance(std::time::Duration::from_hours(50 * 24));
    assert_eq!(case.state().await, ShownState::Expiring);
}

#[tokio::test]
async fn an_open_link_is_pending_until_it_lapses() {
    let case = case().await;
    case.fleet.invitation(case.tenant, Duration::days(6)).await;
    let row = case.row().await;
    assert_eq!(row.state, ShownState::InvitationPending);
    assert!(row.open_invitation.is_some());
    assert_eq!(row.words(), "The link has not been used yet");
    case.clock.advance(std::time::Duration::from_hours(7 * 24));
    assert_eq!(case.state().await, ShownState::NotConnected);
}

#[tokio::test]
async fn an_open_link_does_not_hide_that_the_connection_died() {
    let case = case().await;
    case.connect("needs_consent").await;
    case.fleet.invitation(case.tenant, Duration::days(6)).await;
    let row = case.row().await;
    assert_eq!(row.state, ShownState::Expired);
    assert!(row.open_invitation.is_some());
}

#[tokio::test]
async fn a_grant_that_waits_beside_a_living_connection_changes_nothing() {
    let case = case().await;
    case.connect("active").await;
    case.connect("pending").await;
    let row = case.row().await;
    assert_eq!(row.state, ShownState::Valid);
    assert!(row.pending.is_some());
}

#[tokio::test]
async fn a_paused_tenant_is_suspended_whatever_its_connection() {
    let case = case().await;
    case.connect("needs_consent").await;
    case.fleet
        .change_tenant(case.tenant, "state = 'suspended', state_reason = 'unpaid'")
        .await;
    let row = case.row().await;
    assert_eq!(row.state, ShownState::Suspended);
    assert_eq!(row.words(), "unpaid");
    assert!(!row.renewable());
}

#[tokio::test]
async fn an_archived_tenant_is_not_listed() {
    let case = case().await;
    case.fleet
        .change_tenant(case.tenant, "state = 'archived'")
        .await;
    let mut op = case.op().await;
    let row = connection::one(&mut op, Scope::all(), case.tenant)
        .await
        .unwrap();
    assert!(row.is_none());
}

#[tokio::test]
async fn another_tenants_scope_sees_nothing() {
    let case = case().await;
    case.connect("active").await;
    let other = case.fleet.tenant("fabrikam", "Fabrikam").await;
    let mut op = case.op().await;
    let scope = Scope::one(other);
    assert!(
        connection::one(&mut op, scope, case.tenant)
            .await
            .unwrap()
            .is_none()
    );
    assert!(
        connection::detail(&mut op, scope, case.tenant)
            .await
            .unwrap()
            .is_none()
    );
    let page = connection::overview(
        &mut op,
        scope,
        &connection::Filter::default(),
        connection::Sort::default(),
        &Place::First,
        50,
    )
    .await
    .unwrap();
    assert_eq!(page.total, 1);
    assert_eq!(page.page.rows[0].short_name, "fabrikam");
}

#[tokio::test]
async fn a_tenants_own_lead_decides_when_it_is_expiring() {
    let case = case().await;
    let connection = case.connect("active").await;
    case.fleet
        .expires(connection, Duration::days(20), "idle")
        .await;
    assert_eq!(case.state().await, ShownState::Valid);
    case.fleet
        .change_tenant(case.tenant, "expiring_lead_days = 30")
        .await;
    assert_eq!(case.state().await, ShownState::Expiring);
    case.fleet
        .expires(connection, Duration::days(5), "idle")
        .await;
    case.fleet
        .change_tenant(case.tenant, "expiring_lead_days = 3")
        .await;
    assert_eq!(case.state().await, ShownState::Valid);
}
