//! Genuine tokens of people who are not to come in, or not as what they say: Microsoft's kinds of accounts, groups and roles,
//! logins for strangers.

use serde_json::{Value, json};
use tenantry::domain::technician::Role;
use uuid::{Uuid, uuid};

use super::pretend::Pretend;
use super::{World, is_in, portal};

const OURS: Uuid = uuid!("0a1b2c3d-0000-4000-8000-00000000a100");
const THEIRS: Uuid = uuid!("0a1b2c3d-0000-4000-8000-00000000b200");
const CONSUMERS: Uuid = uuid!("9188040d-6c67-4c5b-b112-36a304b66dad");
const ROBIN: Uuid = uuid!("9f8e7d6c-0000-4000-8000-00000000c0de");
const EVE: Uuid = uuid!("9f8e7d6c-0000-4000-8000-00000000eeee");

/// A provider of Microsoft's kind for several tenants, of which one is ours.
async fn microsoft(settings: &[(&str, &str)]) -> World {
    let template = |issuer: &str| issuer.replace("/organizations/", "/{tenantid}/");
    let idp = Pretend::at("/organizations/v2.0", template).await;
    let ours = OURS.to_string();
    let mut all = vec![("sso.tenants", ours.as_str())];
    all.extend_from_slice(settings);
    let app = portal(&idp.issuer(), &all).await;
    World { app, idp }
}

fn issuer_of(world: &World, tenant: Uuid) -> String {
    world
        .idp
        .issuer()
        .replace("organizations", &tenant.to_string())
}

/// Robin's claims as Microsoft makes them; `change` says how this account differs.
fn account(world: &World, tenant: Uuid, change: &Value) -> Value {
    let mut claims = json!({"iss": issuer_of(world, tenant), "tid": tenant, "oid": ROBIN, "sub": "pairwise",
        "preferred_username": "robin@msp.example", "ver": "2.0"});
    for (name, value) in change.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims
}

#[tokio::test]
async fn of_microsoft_a_person_is_tenant_and_object_and_nothing_else() {
    let world = microsoft(&[]).await;
    let issuer = issuer_of(&world, OURS);
    world
        .linked_as(
            "robin@msp.example",
            Role::Owner,
            &issuer,
            &ROBIN.to_string(),
        )
        .await;
    let renamed = json!({"sub": "another", "preferred_username": "r.marlow@msp.example", "email": "x@y.example"});
    let browser = world.app.browser();
    let page = world
        .sign_in(&browser, &account(&world, OURS, &renamed))
        .await;
    assert_eq!(page.status, 303, "{}", page.text());
    assert!(is_in(&browser).await);
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "a list of accounts")]
async fn wrong_accounts_do_not_come_in() {
    let world = microsoft(&[
        ("sso.roles", "Desk=technician"),
        ("sso.without_amr", "refuse"),
    ])
    .await;
    let issuer = issuer_of(&world, OURS);
    let robin = world
        .linked_as(
            "robin@msp.example",
            Role::Technician,
            &issuer,
            &ROBIN.to_string(),
        )
        .await;
    let disabled = uuid!("9f8e7d6c-0000-4000-8000-0000000000d1");
    let gone = world
        .linked_as(
            "gone@msp.example",
            Role::Technician,
            &issuer,
            &disabled.to_string(),
        )
        .await;
    sqlx::query("update technicians set state = 'disabled' where id = $1")
        .bind(gone)
        .execute(&world.app.pool)
        .await
        .unwrap();
    let good = json!({"roles": ["Desk"], "amr": ["pwd", "mfa"]});
    let with = |change: Value| {
        let mut all = good.clone();
        for (name, value) in change.as_object().unwrap() {
            all[name] = value.clone();
        }
        all
    };
    let wrong: Vec<(&str, Uuid, Value)> = vec![
        ("same object, other tenant", THEIRS, with(json!({}))),
        (
            "other tenant that says ours",
            OURS,
            with(json!({"iss": issuer_of(&world, THEIRS)})),
        ),
        (
            "ours that says other tenant",
            THEIRS,
            with(json!({"iss": issuer_of(&world, OURS)})),
        ),
        ("personal account", CONSUMERS, with(json!({}))),
        (
            "issuer is the template",
            OURS,
            with(json!({"iss": world.idp.issuer().replace("organizations", "{tenantid}")})),
        ),
        (
            "issuer is the setting",
            OURS,
            with(json!({"iss": world.idp.issuer()})),
        ),
        ("guest by acct", OURS, with(json!({"acct": 1}))),
        ("guest by acct in words", OURS, with(json!({"acct": "1"}))),
        (
            "guest by idp",
            OURS,
            with(json!({"idp": format!("https://sts.windows.net/{THEIRS}/")})),
        ),
        (
            "guest from a mail provider",
            OURS,
            with(json!({"idp": "mail"})),
        ),
        (
            "guest by name",
            OURS,
            with(json!({"preferred_username": "robin_x.example#EXT#@msp.example"})),
        ),
        (
            "guest by upn",
            OURS,
            with(json!({"upn": "robin_x.example#ext#@msp.example"})),
        ),
        (
            "somebody else with Robin's address",
            OURS,
            with(json!({"oid": EVE})),
        ),
        (
            "somebody else with Robin's subject",
            OURS,
            with(json!({"oid": EVE, "sub": ROBIN})),
        ),
        ("no object", OURS, with(json!({"oid": null}))),
        ("object is no id", OURS, with(json!({"oid": "robin"}))),
        ("no tenant", OURS, with(json!({"tid": null}))),
        ("tenant is no id", OURS, with(json!({"tid": "msp.example"}))),
        ("disabled here", OURS, with(json!({"oid": disabled}))),
        ("no role", OURS, with(json!({"roles": null}))),
        (
            "role of another name",
            OURS,
            with(json!({"roles": ["desk", "Desks", "Des", "Desk "]})),
        ),
        (
            "groups left out",
            OURS,
            with(json!({"_claim_names": {"groups": "src1"}})),
        ),
        ("no second factor", OURS, with(json!({"amr": ["pwd"]}))),
        ("nothing about how", OURS, with(json!({"amr": null}))),
    ];
    let tried = wrong.len();
    for (name, tenant, change) in wrong {
        world.forget_failures().await;
        let browser = world.app.browser();
        let page = world
            .sign_in(&browser, &account(&world, tenant, &change))
            .await;
        assert_eq!(page.status, 422, "{name}: {}", page.text());
        assert!(!is_in(&browser).await, "{name}");
        assert!(
            page.text_of("#problem").len() > 40,
            "{name} is told what to do"
        );
    }
    assert!(tried >= 20);
    println!("wrong accounts: {tried} tried, 0 accepted");
    world.forget_failures().await;
    let browser = world.app.browser();
    let page = world.sign_in(&browser, &account(&world, OURS, &good)).await;
    assert_eq!(page.status, 303, "the right one does: {}", page.text());
    assert_eq!(world.role_of(robin).await, "technician");
    assert_eq!(world.count("technicians").await, 2, "and nobody was made");
}

#[tokio::test]
async fn an_issuer_of_one_tenant_takes_that_tenant_alone() {
    let idp = Pretend::at(&format!("/{OURS}/v2.0"), str::to_owned).await;
    let world = World {
        app: portal(&idp.issuer(), &[]).await,
        idp,
    };
    world
        .linked_as(
            "robin@msp.example",
            Role::Owner,
            &world.idp.issuer(),
            &ROBIN.to_string(),
        )
        .await;
    for (change, status) in [
        (json!({"tid": OURS, "oid": ROBIN}), 303),
        (json!({"tid": THEIRS, "oid": ROBIN}), 422),
        (
            json!({"tid": THEIRS, "oid": ROBIN, "iss": world.idp.issuer().replace(&OURS.to_string(), &THEIRS.to_string())}),
            422,
        ),
    ] {
        let page = world.sign_in(&world.app.browser(), &change).await;
        assert_eq!(page.status, status, "{change}: {}", page.text());
    }
}

#[tokio::test]
async fn the_role_follows_the_groups_at_each_sign_on_up_and_down() {
    let world = World::with(&[("sso.roles", "desk=technician,boss=owner,all=viewer")]).await;
    world.app.technician("local@msp.example", Role::Owner).await;
    let robin = world.linked(Role::Viewer).await;
    for (groups, role) in [
        (json!(["desk", "all"]), "technician"),
        (json!(["all", "boss"]), "owner"),
        (json!("all"), "viewer"),
    ] {
        let browser = world.app.browser();
        assert_eq!(
            world
                .sign_in(&browser, &json!({"groups": groups}))
                .await
                .status,
            303
        );
        assert_eq!(world.role_of(robin).await, role);
    }
    let refused = world
        .sign_in(&world.app.browser(), &json!({"groups": ["other"]}))
        .await;
    assert_eq!(refused.status, 422);
    assert!(refused.text_of("#problem").contains("has no role"));
    let audit = world.app.audit().await;
    assert_eq!(
        audit
            .iter()
            .filter(|entry| entry.starts_with("technician.role_changed"))
            .count(),
        3
    );
}

#[tokio::test]
async fn a_demotion_counts_in_logins_that_are_open_and_spares_the_last_owner() {
    let world = World::with(&[
        ("sso.roles", "boss=owner,all=viewer"),
        ("sso.groups_claim", "memberships"),
    ])
    .await;
    let robin = world.linked(Role::Viewer).await;
    let open = world.app.browser();
    assert_eq!(
        world
            .sign_in(&open, &json!({"memberships": ["boss"], "groups": ["all"]}))
            .await
            .status,
        303
    );
    assert_eq!(open.get("/security/technicians").await.status, 200);
    let page = world
        .sign_in(&world.app.browser(), &json!({"memberships": ["all"]}))
        .await;
    assert_eq!(page.status, 422);
    assert!(page.text_of("#problem").contains("last owner"));
    assert_eq!(world.role_of(robin).await, "owner");
    world.app.technician("local@msp.example", Role::Owner).await;
    assert_eq!(
        world
            .sign_in(&world.app.browser(), &json!({"memberships": ["all"]}))
            .await
            .status,
        303
    );
    assert_eq!(
        open.get("/security/technicians").await.status,
        403,
        "from the next request on"
    );
}

#[tokio::test]
async fn strangers_with_a_role_get_a_login_where_the_settings_say_so() {
    let world = World::with(&[("sso.roles", "desk=technician"), ("sso.create", "true")]).await;
    let browser = world.app.browser();
    let claims = json!({"groups": ["desk"], "email": " Robin@MSP.example", "name": "Robin\u{202e} <b>Marlow</b>"});
    assert_eq!(world.sign_in(&browser, &claims).await.status, 303);
    assert!(is_in(&browser).await);
    let made: (String, String, String, bool) =
        sqlx::query_as("select email, display_name, role, password_hash is null from technicians")
            .fetch_one(&world.app.pool)
            .await
            .unwrap();
    assert_eq!(
        made,
        (
            "robin@msp.example".into(),
            "Robin  <b>Marlow</b>".into(),
            "technician".into(),
            true
        )
    );
    let audit = world.app.audit().await;
    assert_eq!(
        audit,
        [
            "technician.added done",
            "technician.sign_on_linked done",
            "technician.sign_on_proved done",
            "technician.signed_in done"
        ]
    );
    assert_eq!(
        world.sign_in(&world.app.browser(), &claims).await.status,
        303,
        "the same one again"
    );
    assert_eq!(world.count("technicians").await, 1);
}

#[tokio::test]
async fn an_address_that_somebody_has_is_no_proof_of_being_them() {
    let world = World::with(&[
        ("sso.roles", "desk=technician,boss=owner"),
        ("sso.create", "true"),
    ])
    .await;
    world.app.technician("robin@msp.example", Role::Owner).await;
    for (change, words) in [
        (
            json!({"groups": ["boss"], "sub": "eve"}),
            "has a login here",
        ),
        (
            json!({"groups": ["boss"], "email": "nonsense", "preferred_username": "eve"}),
            "does not say your e-mail address",
        ),
        (json!({"sub": "eve"}), "has no role"),
    ] {
        let browser = world.app.browser();
        let page = world.sign_in(&browser, &change).await;
        assert_eq!(page.status, 422, "{change}");
        assert!(
            page.text_of("#problem").contains(words),
            "{change}: {}",
            page.text()
        );
        assert!(!is_in(&browser).await);
    }
    assert_eq!(
        (
            world.count("technicians").await,
            world.count("technician_sign_ons").await
        ),
        (1, 0)
    );
}

#[tokio::test]
async fn without_that_setting_strangers_stay_out_whatever_their_role() {
    let world = World::with(&[("sso.roles", "boss=owner")]).await;
    let page = world
        .sign_in(&world.app.browser(), &json!({"groups": ["boss"]}))
        .await;
    assert_eq!(page.status, 422);
    assert!(page.text_of("#problem").contains("one-time link"));
    assert_eq!(world.count("technicians").await, 0);
}
