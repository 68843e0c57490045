//! Rows as the keeper and the portal would have left them: tenants in every standing, errors, calls. Written by the
//! superuser, because no single login of the product may write them all.

use sqlx::{AssertSqlSafe, PgPool};
use tenantry::storage::{ConnectionId, InvitationId, MsalErrorId, TenantId};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::db::TestDb;

/// A database with an app registration, to be filled with tenants.
pub struct Fleet {
    pub pool: PgPool,
    /// The instant that every age is counted from.
    pub now: OffsetDateTime,
    app: Uuid,
}

/// A recorded failure; the default is a password change seen at the refresh of Microsoft Graph.
pub struct Failure<'a> {
    pub code: Option<i32>,
    pub category: &'a str,
    pub message: &'a str,
    pub raw: &'a str,
    pub resource: &'a str,
    pub correlation_id: &'a str,
    pub age: Duration,
    pub connection: Option<ConnectionId>,
}

impl Default for Failure<'_> {
    fn default() -> Self {
        Self {
            code: Some(50_173),
            category: "password_changed",
            message: "AADSTS50173: The provided grant has expired due to it being revoked.",
            raw: r#"{"error":"invalid_grant","error_description":"AADSTS50173: The provided grant has expired due to it being revoked.","error_codes":[50173]}"#,
            resource: "graph",
            correlation_id: "8f1a2b3c-0000-4000-8000-000000000001",
            age: Duration::hours(1),
            connection: None,
        }
    }
}

impl Fleet {
    /// An empty fleet at the instant `now`.
    pub async fn new(db: &TestDb, now: OffsetDateTime) -> Self {
        let pool = db.superuser();
        let app = tenantry::clock::ordered_uuid();
        sqlx::query(
            "insert into app_registrations (id, client_id, display_name, created_at, updated_at)
             values ($1, $2, 'Tenantry', $3, $3)",
        )
        .bind(app)
        .bind(tenantry::clock::random_uuid())
        .bind(now)
        .execute(&pool)
        .await
        .expect("the app registration is new");
        Self { pool, now, app }
    }

    /// A tenant with the usual resource set, added 100 days ago.
    pub async fn tenant(&self, short_name: &str, full_name: &str) -> TenantId {
        let id = TenantId::new();
        sqlx::query(
            "insert into tenants (id, short_name, full_name, domain, admin_username, state_since, created_at, updated_at)
             values ($1, $2, $3, $2 || '.example', 'admin@' || $2 || '.example', $4, $4, $4)",
        )
        .bind(id)
        .bind(short_name)
        .bind(full_name)
        .bind(self.now - Duration::days(100))
        .execute(&self.pool)
        .await
        .expect("the tenant is new");
        sqlx::query(
            "insert into tenant_resources (tenant_id, resource, required)
             values ($1, 'graph', true), ($1, 'exchange', true), ($1, 'azure', false)",
        )
        .bind(id)
        .execute(&self.pool)
        .await
        .expect("the resources are new");
        id
    }

    /// A device-code connection in this state of the keeper's, obtained 30 days ago, with a valid token per resource.
    pub async fn connection(&self, tenant: TenantId, state: &str) -> ConnectionId {
        let id = ConnectionId::new();
        sqlx::query(
            "insert into connections (tenant_id, id, mode, state, state_since, pending_reason, entra_tenant_id, admin_oid,
               admin_username, admin_name, token_class, obtained_by, obtained_at, app_registration_id, realm, last_ok_at)
             select $1, $2, 'auth_token', $3, $4, case when $3 = 'pending' then 'awaiting_confirmation' end, $5, $6,
               admin_username, 'Ada Admin', 'public', 'device_code', $4, $7, 'managed', $8 from tenants where id = $1",
        )
        .bind(tenant)
        .bind(id)
        .bind(state)
        .bind(self.now - Duration::days(30))
        .bind(tenantry::clock::random_uuid())
        .bind(tenantry::clock::random_uuid())
        .bind(self.app)
        .bind(self.now - Duration::hours(2))
        .execute(&self.pool)
        .await
        .expect("the tenant has no current connection");
        sqlx::query(
            "insert into tokens (tenant_id, connection_id, resource, state, scopes, acquired_at, expires_at, last_ok_at)
             select $1, $2, resource, 'valid', case resource when 'graph' then '{User.Read,Directory.Read.All}'
               when 'exchange' then '{Exchange.Manage}' else '{user_impersonation}' end::text[], $3, $4, $3
             from tenant_resources where tenant_id = $1",
        )
        .bind(tenant)
        .bind(id)
        .bind(self.now - Duration::hours(2))
        .bind(self.now + Duration::minutes(50))
        .execute(&self.pool)
        .await
        .expect("the connection has no tokens");
        id
    }

    /// Change columns of a tenant's connections: `change(id, "cause = 'mfa_required'")`.
    pub async fn change(&self, connection: ConnectionId, assignments: &str) {
        let done = sqlx::query(AssertSqlSafe(format!(
            "update connections set {assignments} where id = $1"
        )))
        .bind(connection)
        .execute(&self.pool)
        .await
        .expect("the assignments are SQL");
        assert_eq!(done.rows_affected(), 1);
    }

    /// Change columns of a tenant.
    pub async fn change_tenant(&self, tenant: TenantId, assignments: &str) {
        let done = sqlx::query(AssertSqlSafe(format!(
            "update tenants set {assignments} where id = $1"
        )))
        .bind(tenant)
        .execute(&self.pool)
        .await
        .expect("the assignments are SQL");
        assert_eq!(done.rows_affected(), 1);
    }

    /// The connection lapses by itself after `left`.
    pub async fn expires(&self, connection: ConnectionId, left: Duration, reason: &str) {
        sqlx::query("update connections set expires_at = $2, expires_reason = $3 where id = $1")
            .bind(connection)
            .bind(self.now + left)
            .bind(reason)
            .execute(&self.pool)
            .await
            .expect("the reason is known");
    }

    /// An open invitation, good for `left` (negative: lapsed, the sweeper not yet by).
    pub async fn invitation(&self, tenant: TenantId, left: Duration) -> InvitationId {
        let id = InvitationId::new();
        sqlx::query(
            "insert into invitations (tenant_id, id, token_hash, token_hint, token_sealed, reference, method, created_at,
               expires_at)
             values ($1, $2, $3, 'wxyz', convert_to(reverse('inv_' || repeat('A', 43)), 'UTF8'), 'INV-1234', 'device_code', $4, $5)",
        )
        .bind(tenant)
        .bind(id)
        .bind(&tenantry::clock::random_bytes::<32>()[..])
        .bind(self.now - Duration::days(1))
        .bind(self.now + left)
        .execute(&self.pool)
        .await
        .expect("the invitation is new");
        id
    }

    pub async fn tag(&self, tenant: TenantId, tag: &str) {
        sqlx::query("insert into tenant_tags (tenant_id, tag) values ($1, $2)")
            .bind(tenant)
            .bind(tag)
            .execute(&self.pool)
            .await
            .expect("the tag is new");
    }

    /// One recorded failure.
    pub async fn error(&self, tenant: TenantId, failure: Failure<'_>) -> MsalErrorId {
        let id: i64 = sqlx::query_scalar(
            "insert into msal_errors (tenant_id, at, connection_id, resource, operation, http_status, error, codes, code,
               category, class, message, raw, trace_id, correlation_id)
             values ($1, $2, $3, $4, 'refresh', 400, 'invalid_grant', array_remove(array[$5], null), $5, $6, 'rejected', $7,
               $8, '5e6f7a8b-0000-4000-8000-000000000002', $9)
             returning id",
        )
        .bind(tenant)
        .bind(self.now - failure.age)
        .bind(failure.connection)
        .bind(failure.resource)
        .bind(failure.code)
        .bind(failure.category)
        .bind(failure.message)
        .bind(failure.raw)
        .bind(failure.correlation_id)
        .fetch_one(&self.pool)
        .await
        .expect("the error is new");
        MsalErrorId(id)
    }
}
