//! Which keys come in: whole, alive, from where they may, and only as long as their owner's login lives.

use std::time::Duration;

use serde_json::json;
use tenantry::domain::api_key::{self, ApiScope, KeyState, Tenants};
use tenantry::domain::technician::{self, Limit, Role};

use super::stage::{Script, Stage, everything};

#[tokio::test(flavor = "multi_thread")]
async fn a_key_tells_what_it_may_and_each_call_how_much_of_the_minute_is_left() {
    let stage = Stage::new().await;
    let (id, script) = stage.key(everything("nightly report")).await;
    let answer = script.get("/api/v1/key").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let key = answer.json();
    assert_eq!(key["name"], "nightly report");
    assert_eq!(key["scopes"].as_array().unwrap().len(), ApiScope::ALL.len());
    assert_eq!(key["tenants"], 1);
    assert_eq!(answer.header("ratelimit-limit"), "300");
    assert_eq!(answer.header("ratelimit-remaining"), "299");
    assert!(answer.header("ratelimit-reset").parse::<u8>().unwrap() <= 60);
    assert_eq!(answer.header("cache-control"), "no-store");
    assert!(!answer.headers.contains_key("set-cookie"));
    assert!(!answer.headers.contains_key("access-control-allow-origin"));
    let used = stage.stored(id).await.used;
    assert_eq!((used.uses, used.last_ip.as_str()), (1, "127.0.0.1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_key_a_mistyped_one_and_a_strangers_are_refused_and_a_login_is_none() {
    let stage = Stage::new().await;
    let (_, script) = stage.key(everything("one")).await;
    let nobody = Script::new(&stage.app.site.base_url, "");
    let request = nobody.request(reqwest::Method::GET, "/api/v1/key");
    let bare = nobody
        .send(
            request
                .header("cookie", "sid=abcdef")
                .header("authorization", "Basic eDp5"),
        )
        .await;
    assert_eq!(bare.status, 401);
    assert!(bare.header("www-authenticate").starts_with("Bearer"));
    let stranger = api_key::KeySecret::new(None);
    let mistyped = script.key.replace('_', "-");
    for key in ["", "rubbish", &mistyped, stranger.expose()] {
        let answer = Script::new(&stage.app.site.base_url, key)
            .get("/api/v1/key")
            .await;
        let code = answer.code();
        assert_eq!(answer.status, 401, "{key}");
        assert!(
            ["key_invalid", "key_missing"].contains(&code.as_str()),
            "{code}"
        );
    }
    assert_eq!(script.get("/api/v1/key").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_keys_count_as_failed_logins_of_their_address() {
    let stage = Stage::new().await;
    let mut last = 0;
    for _ in 0..40 {
        let stranger = api_key::KeySecret::new(None);
        let script = Script::new(&stage.app.site.base_url, stranger.expose());
        let answer = script.get("/api/v1/key").await;
        last = answer.status;
        if last == 429 {
            assert_eq!(answer.code(), "too_many_failures");
            assert!(answer.header("retry-after").parse::<u32>().unwrap() > 0);
            break;
        }
        assert_eq!(answer.code(), "key_invalid");
    }
    assert_eq!(last, 429);
    // Whoever has a key that works is not shut out by a stranger behind the same address.
    let (_, script) = stage.key(everything("one")).await;
    assert_eq!(script.get("/api/v1/key").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_was_stopped_in_any_way_works_no_more_at_once() {
    let stage = Stage::new().await;
    let owner = stage.technician(Role::Admin).await;
    stage.technician(Role::Owner).await;
    let (id, script) = stage.key_of(owner, everything("one")).await;
    let asks = async |expected: &str| {
        for _ in 0..2 {
            let answer = script.token("contoso", "graph").await;
            let found = match answer.status {
                200 => "given".to_owned(),
                _ => answer.code(),
            };
            assert_eq!(found, expected, "{answer:?}");
        }
    };
    asks("given").await;
    let mut op = stage.op().await;
    let key = stage.stored(id).await;
    api_key::suspend(&mut op, &key, "because").await.unwrap();
    op.commit().await.unwrap();
    asks("key_suspended").await;
    let mut op = stage.op().await;
    api_key::resume(&mut op, &stage.stored(id).await)
        .await
        .unwrap();
    op.commit().await.unwrap();
    asks("given").await;
    let mut op = stage.op().await;
    technician::disable(&mut op, owner).await.unwrap();
    op.commit().await.unwrap();
    asks("key_invalid").await;
    let mut op = stage.op().await;
    technician::enable(&mut op, owner).await.unwrap();
    op.commit().await.unwrap();
    asks("given").await;
    let mut op = stage.op().await;
    technician::change_role(&mut op, owner, Role::Viewer)
        .await
        .unwrap();
    op.commit().await.unwrap();
    asks("scope_missing").await;
    let mut op = stage.op().await;
    technician::change_role(&mut op, owner, Role::Technician)
        .await
        .unwrap();
    api_key::revoke(&mut op, &stage.stored(id).await)
        .await
        .unwrap();
    op.commit().await.unwrap();
    asks("key_invalid").await;
    assert_eq!(stage.stored(id).await.state, KeyState::Revoked);
    let (_, other) = stage.key_of(owner, everything("other")).await;
    assert_eq!(other.token("contoso", "graph").await.status, 200);
    stage.app.clock.advance(Duration::from_hours(24 * 91));
    assert_eq!(other.token("contoso", "graph").await.code(), "key_invalid");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotated_keys_former_secret_works_as_long_as_was_said_and_no_longer() {
    let stage = Stage::new().await;
    let (id, old) = stage.key(everything("one")).await;
    let rotate = async |days| {
        let mut op = stage.op().await;
        let key = stage.stored(id).await;
        let life = time::Duration::days(90);
        let overlap = time::Duration::days(days);
        let secret = api_key::rotate(&mut op, &key, life, overlap).await.unwrap();
        op.commit().await.unwrap();
        Script::new(&stage.app.site.base_url, secret.expose())
    };
    let new = rotate(1).await;
    assert_eq!(old.get("/api/v1/key").await.status, 200);
    assert_eq!(old.token("contoso", "graph").await.status, 200);
    assert_eq!(new.get("/api/v1/key").await.status, 200);
    stage.app.clock.advance(Duration::from_hours(25));
    assert_eq!(old.get("/api/v1/key").await.code(), "key_invalid");
    assert_eq!(old.token("contoso", "graph").await.code(), "key_invalid");
    let newest = rotate(0).await;
    assert_eq!(new.get("/api/v1/key").await.code(), "key_invalid");
    assert_eq!(newest.get("/api/v1/key").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_works_from_its_networks_only() {
    let stage = Stage::new().await;
    let here = Rule::from_networks(&["127.0.0.0/8", "::1"]);
    let (_, script) = stage.key(here).await;
    assert_eq!(script.token("contoso", "graph").await.status, 200);
    let elsewhere = Rule::from_networks(&["192.0.2.0/24"]);
    let (_, script) = stage.key(elsewhere).await;
    for _ in 0..2 {
        assert_eq!(
            script.token("contoso", "graph").await.code(),
            "key_not_from_here"
        );
    }
    let refused = "select count(*) from audit_events where action = 'api_key.refused'";
    assert_eq!(stage.count(refused).await, 1, "once a minute is enough");
    stage.app.clock.advance(Duration::from_mins(2));
    assert_eq!(script.token("contoso", "graph").await.status, 403);
    assert_eq!(stage.count(refused).await, 2);
}

/// Short for the tests above.
struct Rule;

impl Rule {
    fn from_networks(networks: &[&str]) -> api_key::Rule {
        api_key::Rule {
            networks: networks.iter().map(ToString::to_string).collect(),
            ..everything("networks")
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_key_does_not_reach_is_not_there_and_it_never_reaches_beyond_its_owner() {
    let stage = Stage::new().await;
    let (fabrikam, _) = stage.world.customer("fabrikam").await;
    let only = |tenants: Vec<_>, tags: &[&str]| api_key::Rule {
        tenants: Tenants::Only {
            tags: tags.iter().map(ToString::to_string).collect(),
            tenants,
        },
        ..everything("some")
    };
    let owner = stage.technician(Role::Technician).await;
    let (_, none) = stage.key_of(owner, only(Vec::new(), &[])).await;
    let (_, contoso) = stage.key_of(owner, only(vec![stage.tenant()], &[])).await;
    let (_, tagged) = stage.key_of(owner, only(Vec::new(), &["gold"])).await;
    let (_, all) = stage.key_of(owner, everything("all")).await;
    let reaches = async |script: &Script| script.get("/api/v1/key").await.json()["tenants"].clone();
    assert_eq!(reaches(&none).await, 0);
    assert_eq!(reaches(&contoso).await, 1);
    assert_eq!(reaches(&tagged).await, 0);
    assert_eq!(reaches(&all).await, 2);
    let absent = none.token("nowhere", "graph").await;
    let foreign = none.token("contoso", "graph").await;
    let by_id = none.token(&stage.world.tenant.to_string(), "graph").await;
    for one in [&absent, &foreign, &by_id] {
        let mut body = one.json();
        body["request_id"] = json!("");
        let mut expected = absent.json();
        expected["request_id"] = json!("");
        assert_eq!((one.status, body), (404, expected));
    }
    assert_eq!(contoso.token("contoso", "graph").await.status, 200);
    // A tag counts from its next call on.
    sqlx::query("insert into tenant_tags (tenant_id, tag) values ($1, 'gold')")
        .bind(stage.world.tenant)
        .execute(&stage.world.pool)
        .await
        .unwrap();
    assert_eq!(tagged.token("contoso", "graph").await.status, 200);
    // What is taken from the owner is taken from every key.
    let mut op = stage.op().await;
    let limit = Limit::Only(technician::Choice {
        tags: Vec::new(),
        tenants: vec![fabrikam.into()],
    });
    technician::set_limit(&mut op, owner, &limit).await.unwrap();
    op.commit().await.unwrap();
    for script in [&contoso, &tagged, &all] {
        assert_eq!(script.token("contoso", "graph").await.code(), "not_found");
    }
    assert_eq!(reaches(&all).await, 1);
    let mut op = stage.op().await;
    technician::set_limit(&mut op, owner, &Limit::All)
        .await
        .unwrap();
    op.commit().await.unwrap();
    for script in [&contoso, &tagged, &all] {
        assert_eq!(script.token("contoso", "graph").await.status, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_gives_a_key_more_than_they_have() {
    let stage = Stage::new().await;
    let viewer = stage.technician(Role::Viewer).await;
    let mut op = stage.op().await;
    let viewer = technician::find(&mut op, viewer).await.unwrap().unwrap();
    let new = api_key::NewKey {
        rule: everything("too much"),
        life: api_key::USUAL_LIFE,
    };
    let refused = api_key::create(&mut op, &viewer, &new).await;
    assert!(matches!(refused, Err(api_key::ChangeError::Beyond(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_of_a_key_is_in_the_database() {
    let stage = Stage::new().await;
    let (_, script) = stage.key(everything("one")).await;
    script.token("contoso", "graph").await;
    let token = script.token("contoso", "graph").await.json();
    let token = token["access_token"].as_str().unwrap().to_owned();
    let secret = script.key.split('_').nth(2).unwrap().to_owned();
    let tables: Vec<String> = sqlx::query_scalar(
        "select c.oid::regclass::text from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'",
    )
    .fetch_all(&stage.world.pool)
    .await
    .unwrap();
    for table in tables {
        let sql = format!("select coalesce(string_agg(t::text, ' '), '') from {table} t");
        let text: String = sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
            .fetch_one(&stage.world.pool)
            .await
            .unwrap();
        assert!(!text.contains(&secret), "{table}");
        assert!(!text.contains(&token), "{table}");
    }
}
