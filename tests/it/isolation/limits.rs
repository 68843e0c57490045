//! What a limit means is right after every change of a rule, a tag or a tenant, whoever makes it.

use tenantry::domain::technician::Role;
use tenantry::storage::{TechnicianId, TenantId};
use time::Duration;

use super::stage::limit;
use crate::support::app::TestApp;
use crate::support::browser::Browser;
use crate::support::fleet::Fleet;

struct Team {
    app: TestApp,
    fleet: Fleet,
    owner: Browser,
    sam: TechnicianId,
}

impl Team {
    async fn new(role: Role) -> Self {
        let app = TestApp::start().await;
        let fleet = Fleet::new(&app.db, app.clock.now()).await;
        let owner = app.login(Role::Owner).await;
        let sam = app.technician("sam@msp.example", role).await;
        Self {
            app,
            fleet,
            owner,
            sam,
        }
    }

    async fn tenants(&self) -> [TenantId; 3] {
        [
            self.fleet.tenant("alder", "Alder Clinics").await,
            self.fleet.tenant("birch", "Birch & Sons").await,
            self.fleet.tenant("cedar", "Cedar Hotel").await,
        ]
    }

    /// What Sam's list of tenants names.
    async fn sees(&self) -> Vec<String> {
        let list = self.app.browser_of(self.sam).await.get("/tenants").await;
        assert_eq!(list.status, 200);
        list.texts("td[data-label=Tenant] a.strong")
    }

    fn page(&self) -> String {
        format!("/security/technicians/{}/tenants", self.sam)
    }
}

#[tokio::test]
async fn only_these_and_all_except_these_by_tag_and_by_name() {
    let team = Team::new(Role::Technician).await;
    let [alder, birch, _] = team.tenants().await;
    team.fleet.tag(birch, "hotel").await;
    assert_eq!(team.sees().await, ["alder", "birch", "cedar"]);
    let alder = alder.to_string();
    for (fields, seen) in [
        (vec![("reach", "only"), ("tag", "hotel")], vec!["birch"]),
        (vec![("reach", "only"), ("tenant", &alder)], vec!["alder"]),
        (
            vec![("reach", "only"), ("tenant", &alder), ("tag", "hotel")],
            vec!["alder", "birch"],
        ),
        (
            vec![("reach", "except"), ("tenant", &alder)],
            vec!["birch", "cedar"],
        ),
        (
            vec![("reach", "except"), ("tenant", &alder), ("tag", "hotel")],
            vec!["cedar"],
        ),
        (vec![("reach", "all")], vec!["alder", "birch", "cedar"]),
    ] {
        limit(&team.owner, team.sam, &fields).await;
        assert_eq!(team.sees().await, seen, "{fields:?}");
    }
    let audit = team.app.audit().await;
    let limited = audit.iter().filter(|one| *one == "technician.limited done");
    assert_eq!(limited.count(), 5);
    assert!(audit.contains(&"technician.limit_lifted done".to_owned()));
}

#[tokio::test]
async fn a_tag_given_or_taken_and_a_tenant_added_count_at_once() {
    let team = Team::new(Role::Technician).await;
    let [alder, birch, _] = team.tenants().await;
    limit(
        &team.owner,
        team.sam,
        &[("reach", "only"), ("tag", "hotel")],
    )
    .await;
    assert!(team.sees().await.is_empty());
    team.fleet.tag(alder, "hotel").await;
    assert_eq!(team.sees().await, ["alder"]);
    // By the page, where tags are written anew.
    let edit = team.owner.get("/tenants/birch/edit").await;
    let done = team
        .owner
        .submit(
            &edit,
            "form[action='/tenants/birch/edit']",
            &[("tags", "hotel, law")],
        )
        .await;
    assert_eq!(done.status, 303);
    assert_eq!(team.sees().await, ["alder", "birch"]);
    sqlx::query("delete from tenant_tags where tenant_id = $1 and tag = 'hotel'")
        .bind(alder)
        .execute(&team.app.pool)
        .await
        .unwrap();
    assert_eq!(team.sees().await, ["birch"]);

    limit(
        &team.owner,
        team.sam,
        &[("reach", "except"), ("tag", "hotel")],
    )
    .await;
    assert_eq!(team.sees().await, ["alder", "cedar"]);
    let dogwood = team.fleet.tenant("dogwood", "Dogwood").await;
    assert_eq!(team.sees().await, ["alder", "cedar", "dogwood"]);
    team.fleet.tag(dogwood, "hotel").await;
    assert_eq!(team.sees().await, ["alder", "cedar"]);
    // Archived ones keep to the rule.
    team.fleet.change_tenant(birch, "state = 'archived'").await;
    let sam = team.app.browser_of(team.sam).await;
    assert!(
        !sam.get("/tenants?state=archived")
            .await
            .body
            .contains("birch")
    );
}

#[tokio::test]
async fn a_limit_counts_from_the_next_request_on() {
    let team = Team::new(Role::Technician).await;
    team.tenants().await;
    let sam = team.app.browser_of(team.sam).await;
    assert_eq!(
        sam.get("/tenants/alder").await.status,
        200,
        "not limited yet"
    );
    limit(&team.owner, team.sam, &[("reach", "only"), ("tag", "none")]).await;
    assert_eq!(sam.get("/tenants/alder").await.status, 404);
    assert_eq!(sam.get("/tenants/alder/activity").await.status, 404);
    limit(&team.owner, team.sam, &[("reach", "all")]).await;
    assert_ne!(sam.get("/tenants/alder/activity").await.status, 404);
}

#[tokio::test]
async fn an_owner_is_never_limited_and_an_admin_only_by_an_owner() {
    let team = Team::new(Role::Admin).await;
    team.tenants().await;
    let admin = team.app.login(Role::Admin).await;
    let fields = [("reach", "only"), ("tag", "gold"), ("act", "save")];
    assert_eq!(admin.post(&team.page(), &fields).await.status, 403);
    let page = admin.get(&team.page()).await;
    assert!(page.text().contains("only by an owner"));
    assert!(!page.has("input[name=reach]"));
    limit(&team.owner, team.sam, &fields[..2]).await;
    assert!(team.sees().await.is_empty());
    let role = format!("/security/technicians/{}/role", team.sam);
    team.owner.post(&role, &[("role", "owner")]).await;
    let page = format!("/security/technicians/{}", team.sam);
    let told = team.owner.get(&page).await.text_of("[role=status]");
    assert!(
        told.contains("The limit to some tenants is lifted"),
        "{told}"
    );
    assert_eq!(
        team.sees().await.len(),
        3,
        "whoever becomes an owner sees all"
    );
    assert_eq!(team.owner.post(&team.page(), &fields).await.status, 403);
    let left: i64 = sqlx::query_scalar("select count(*) from technician_tenants")
        .fetch_one(&team.app.pool)
        .await
        .unwrap();
    assert_eq!(left, 0);
}

#[tokio::test]
async fn the_page_searches_counts_and_keeps_what_was_ticked() {
    let team = Team::new(Role::Technician).await;
    let [alder, _, cedar] = team.tenants().await;
    team.fleet.tag(cedar, "hotel").await;
    let alder = alder.to_string();
    let fields = [
        ("reach", "only"),
        ("tenant", alder.as_str()),
        ("q", "cedar"),
        ("act", "search"),
    ];
    let found = team.owner.post(&team.page(), &fields).await;
    assert_eq!(found.status, 200);
    let ticked = found.attributes("input[name=tenant][checked]", "value");
    assert_eq!(ticked, std::slice::from_ref(&alder));
    let offered = found.attributes("input[name=tenant]:not([checked])", "value");
    assert_eq!(offered, [cedar.to_string()]);
    assert!(found.text().contains("1 of 3 tenants at present"));
    assert_eq!(team.sees().await.len(), 3, "nothing is saved by searching");
    let counted = [
        ("reach", "except"),
        ("tag", "hotel"),
        ("tenant", alder.as_str()),
        ("act", "count"),
    ];
    let page = team.owner.post(&team.page(), &counted).await;
    assert!(page.text().contains("1 of 3 tenants at present"));
    assert!(page.has("input[name=tag][value=hotel][checked]"));
    assert!(page.has("input[value=except][checked]"));
}

#[tokio::test]
async fn what_makes_no_sense_is_said_and_kept() {
    let team = Team::new(Role::Technician).await;
    team.tenants().await;
    let gone = tenantry::clock::random_uuid().to_string();
    for (fields, said) in [
        (
            vec![("reach", "only"), ("tag", "\0"), ("tag", "No tag")],
            "Tick at least one tag or one tenant",
        ),
        (
            vec![("reach", "some"), ("tag", "x")],
            "Choose one of the three",
        ),
        (
            vec![("reach", "except"), ("tag", "x"), ("tenant", gone.as_str())],
            "changed in the meantime",
        ),
    ] {
        let mut fields = fields;
        fields.push(("act", "save"));
        let refused = team.owner.post(&team.page(), &fields).await;
        assert_eq!(refused.status, 422, "{fields:?}");
        assert!(
            refused.text().contains(said),
            "{fields:?}: {}",
            refused.text()
        );
    }
    assert!(team.app.audit().await.is_empty());
    let nobody = format!("/security/technicians/{gone}/tenants");
    assert_eq!(team.owner.get(&nobody).await.status, 404);
}

#[tokio::test]
async fn rules_and_tags_that_change_at_the_same_moment_agree_in_the_end() {
    let team = Team::new(Role::Technician).await;
    team.tenants().await;
    let rule = async {
        for round in 0..20 {
            let tag = if round % 2 == 0 { "hotel" } else { "law" };
            limit(&team.owner, team.sam, &[("reach", "only"), ("tag", tag)]).await;
        }
    };
    let tags = async {
        for round in 0..40 {
            let tenant = team.fleet.tenant(&format!("t{round}"), "Somebody").await;
            team.fleet
                .tag(tenant, if round % 3 == 0 { "hotel" } else { "law" })
                .await;
        }
    };
    tokio::join!(rule, tags);
    let wrong: i64 = sqlx::query_scalar(
        "select count(*) from (
           select k.tenant_id from tenant_tags k where k.tag = 'law'
           except all select tenant_id from technician_tenants) missing",
    )
    .fetch_one(&team.app.pool)
    .await
    .unwrap();
    assert_eq!(wrong, 0);
    let granted: i64 = sqlx::query_scalar("select count(*) from technician_tenants")
        .fetch_one(&team.app.pool)
        .await
        .unwrap();
    assert_eq!(granted, 26);
}

#[tokio::test]
async fn a_limit_of_a_thousand_tenants_in_a_fleet_of_ten_thousand_is_saved_within_the_time_of_a_page()
 {
    let team = Team::new(Role::Technician).await;
    sqlx::query(
        "insert into tenants (id, short_name, full_name, state_since, created_at, updated_at)
         select gen_random_uuid(), 'n' || n, 'Number ' || n, now(), now(), now() from generate_series(1, 10000) n",
    )
    .execute(&team.app.pool)
    .await
    .unwrap();
    let ids: Vec<TenantId> = sqlx::query_scalar("select id from tenants limit 1000")
        .fetch_all(&team.app.pool)
        .await
        .unwrap();
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    let mut fields = vec![("reach", "except")];
    fields.extend(ids.iter().map(|id| ("tenant", id.as_str())));
    let began = std::time::Instant::now();
    limit(&team.owner, team.sam, &fields).await;
    let took = began.elapsed();
    assert!(took < Duration::seconds(5), "{took:?}");
    let granted: i64 = sqlx::query_scalar("select count(*) from technician_tenants")
        .fetch_one(&team.app.pool)
        .await
        .unwrap();
    assert_eq!(granted, 9_000);
}
