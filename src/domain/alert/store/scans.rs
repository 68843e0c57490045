//! What the passing of time brings about, found by index: what is about to end, what lasts too long, what is over.

use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::domain::alert::Rule;
use crate::domain::op::Op;

/// Of one look, so many at most; the rest at the next.
const BATCH: i64 = 500;

/// Something to be opened.
#[derive(Debug)]
pub struct Found {
    pub tenant_id: Option<Uuid>,
    pub subject: String,
    pub cause: String,
    pub began_at: OffsetDateTime,
}

/// A rule's reach, as `limit_admits` takes it.
struct Reach {
    kind: Option<&'static str>,
    tags: Vec<String>,
    tenants: Vec<Uuid>,
}

impl Reach {
    fn of(rule: &Rule) -> Self {
        let choice = rule.reach.choice().cloned().unwrap_or_default();
        Self {
            kind: rule.reach.kind(),
            tags: choice.tags,
            tenants: choice.tenants.iter().map(|id| id.as_uuid()).collect(),
        }
    }
}

/// Runs a scan of a rule: $1 is its id, $2 an instant, $3 to $5 its reach, $6 how many at most; what is named besides follows.
macro_rules! scan {
    ($op:expr, $rule:expr, $at:expr, $sql:literal $(, $more:expr)*) => {{
        let reach = Reach::of($rule);
        sqlx::query_as!(
            Found,
            $sql,
            $rule.id,
            $at,
            reach.kind,
            &reach.tags,
            &reach.tenants,
            BATCH
            $(, $more)*
        )
        .fetch_all($op.db())
        .await
    }};
}

/// Tenants in trouble since long enough, not told by this rule yet. Who is called Expired is told as that.
pub async fn retrying(
    op: &mut Op,
    rule: &Rule,
    by_incident: bool,
) -> Result<Vec<Found>, sqlx::Error> {
    let before = op.now() - Duration::minutes(rule.retrying_minutes.into());
    scan!(
        op,
        rule,
        before,
        r#"select k.tenant_id as "tenant_id?", '' as "subject!", coalesce(k.cause, '') as "cause!", k.since as "began_at!"
           from tenant_status k
           where k.state = 'retrying' and k.since <= $2
             and ($3::text is null or limit_admits($3, $4, $5, k.tenant_id, k.tags))
             and not ($7 and is_of_incident(k.tenant_id, k.since))
             and not exists (select from alerts a where a.tenant_id = k.tenant_id and a.rule_id = $1
               and (a.event = 'retrying' and (a.closed_at is null or a.began_at = k.since)
                 or a.event = 'expired' and a.closed_at is null))
           order by k.since limit $6"#,
        by_incident
    )
}

/// Tenants that an incident spoke for and that are still Expired a day after its end.
pub async fn left_behind(op: &mut Op, rule: &Rule) -> Result<Vec<Found>, sqlx::Error> {
    let before = op.now() - Duration::days(1);
    scan!(
        op,
        rule,
        before,
        r#"select k.tenant_id as "tenant_id?", '' as "subject!", coalesce(k.cause, '') as "cause!", k.since as "began_at!"
           from tenant_status k
           where k.state = 'expired' and k.since <= $2
             and ($3::text is null or limit_admits($3, $4, $5, k.tenant_id, k.tags))
             and is_of_incident(k.tenant_id, k.since)
             and not exists (select from incident_tenants t join incidents i on i.id = t.incident_id
               where t.tenant_id = k.tenant_id and (i.closed_at is null or i.closed_at > $2))
             and not exists (select from alerts a where a.tenant_id = k.tenant_id and a.rule_id = $1 and a.event = 'expired'
               and (a.closed_at is null or a.began_at = k.since and a.closed_why <> 'incident'))
           order by k.since limit $6"#
    )
}

/// Tenants whose standing ends within the rule's lead. What our own credential ends is told of the credential.
pub async fn expiring(op: &mut Op, rule: &Rule) -> Result<Vec<Found>, sqlx::Error> {
    let until = op.now() + Duration::days(rule.lead_days.into());
    scan!(
        op,
        rule,
        until,
        r#"select k.tenant_id as "tenant_id?", '' as "subject!", coalesce(k.expires_reason, '') as "cause!",
             k.expires_at as "began_at!"
           from tenant_status k
           where k.state <> 'archived' and coalesce(k.expires_at, 'infinity') <= $2
             and k.state in ('valid', 'expiring', 'retrying') and k.expires_reason <> 'credential'
             and ($3::text is null or limit_admits($3, $4, $5, k.tenant_id, k.tags))
             and not exists (select from alerts a where a.tenant_id = k.tenant_id and a.rule_id = $1 and a.event = 'expiring'
               and (a.closed_at is null or a.began_at = k.expires_at))
           order by k.expires_at limit $6"#
    )
}

/// Open ones whose end has moved away (a day further, so that nothing flaps).
pub async fn no_longer_expiring(op: &mut Op, rule: &Rule) -> Result<Vec<Uuid>, sqlx::Error> {
    let until = op.now() + Duration::days(rule.lead_days.into()) + Duration::days(1);
    sqlx::query_scalar!(
        "select a.id from alerts a
         where a.rule_id = $1 and a.event = 'expiring' and a.closed_at is null
           and exists (select from tenant_status k where k.tenant_id = a.tenant_id and k.state in ('valid', 'expiring')
             and (k.expires_at is null or k.expires_at > $2 or k.expires_reason = 'credential'))",
        rule.id,
        until
    )
    .fetch_all(op.db())
    .await
}

/// Registrations in use whose last credential ends within the rule's lead; a customer's own is its tenant's.
pub async fn credentials(op: &mut Op, rule: &Rule) -> Result<Vec<Found>, sqlx::Error> {
    let until = op.now() + Duration::days(rule.lead_days.into());
    scan!(
        op,
        rule,
        until,
        r#"select r.tenant_id as "tenant_id?", r.id::text as "subject!", '' as "cause!", max(c.not_after) as "began_at!"
           from app_registrations r join app_credentials c on c.app_registration_id = r.id and c.state = 'active'
           where r.state = 'active'
             and ($3::text is null or r.tenant_id is null or limit_admits($3, $4, $5, r.tenant_id,
               array(select t.tag from tenant_tags t where t.tenant_id = r.tenant_id)))
           group by r.id, r.tenant_id
           having bool_and(c.not_after is not null) and max(c.not_after) <= $2
             and not exists (select from alerts a where a.rule_id = $1 and a.event = 'credential' and a.subject = r.id::text
               and (a.closed_at is null or a.began_at = max(c.not_after)))
           limit $6"#
    )
}

/// Open ones of registrations that have a credential which lasts, or that are not in use any more.
pub async fn credentials_renewed(op: &mut Op, rule: &Rule) -> Result<Vec<Uuid>, sqlx::Error> {
    let until = op.now() + Duration::days(rule.lead_days.into());
    sqlx::query_scalar!(
        "select a.id from alerts a
         where a.rule_id = $1 and a.event = 'credential' and a.closed_at is null
           and (not exists (select from app_registrations r where r.id::text = a.subject and r.state = 'active')
             or exists (select from app_credentials c where c.app_registration_id::text = a.subject and c.state = 'active'
               and (c.not_after is null or c.not_after > $2)))",
        rule.id,
        until
    )
    .fetch_all(op.db())
    .await
}

/// Open invitations in their last day, or last quarter when they live shorter.
pub async fn lapsing(op: &mut Op, rule: &Rule) -> Result<Vec<Found>, sqlx::Error> {
    let now = op.now();
    scan!(
        op,
        rule,
        now,
        r#"select i.tenant_id as "tenant_id?", i.id::text as "subject!", '' as "cause!", i.expires_at as "began_at!"
           from invitations i
           where i.state = 'open' and i.expires_at <= $2::timestamptz + interval '1 day' and i.expires_at > $2
             and i.expires_at - least(interval '1 day', (i.expires_at - i.created_at) / 4) <= $2
             and ($3::text is null or limit_admits($3, $4, $5, i.tenant_id,
               array(select t.tag from tenant_tags t where t.tenant_id = i.tenant_id)))
             and not exists (select from alerts a where a.tenant_id = i.tenant_id and a.rule_id = $1
               and a.event = 'invitation_lapsing' and a.subject = i.id::text)
           order by i.expires_at limit $6"#
    )
}

/// Open incidents that this rule has not told; of a rule for some tenants, those that touch one of them.
pub async fn incidents(
    op: &mut Op,
    rule: &Rule,
    only: Option<Uuid>,
) -> Result<Vec<Found>, sqlx::Error> {
    let reach = Reach::of(rule);
    sqlx::query_as!(
        Found,
        r#"select null::uuid as tenant_id, i.id::text as "subject!", i.cause as "cause!", i.opened_at as "began_at!"
           from incidents i
           where (i.closed_at is null and $5::uuid is null or i.id = $5)
             and ($2::text is null or exists (select from incident_tenants t where t.incident_id = i.id
               and limit_admits($2, $3, $4, t.tenant_id,
                 array(select g.tag from tenant_tags g where g.tenant_id = t.tenant_id))))
             and not exists (select from alerts a where a.rule_id = $1 and a.incident_id = i.id)"#,
        rule.id,
        reach.kind,
        &reach.tags,
        &reach.tenants,
        only
    )
    .fetch_all(op.db())
    .await
}

/// Open alerts of single tenants that an incident speaks for now.
pub async fn absorbed(op: &mut Op) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar!(
        "select a.id from alerts a
         where a.closed_at is null and a.event in ('expired', 'retrying')
           and exists (select from incident_tenants t join incidents i on i.id = t.incident_id
             where t.tenant_id = a.tenant_id and i.closed_at is null and a.began_at >= i.opened_at - interval '1 hour')"
    )
    .fetch_all(op.db())
    .await
}
