//! `tenantry keys`: master keys are rotated while keepers work, and after kill -9 at any place the next run goes on.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use secrecy::ExposeSecret;
use tenantry::keeper::Client;
use tenantry::keeper::message::keys::{self, Canary};
use tenantry::keeper::message::{Reply, Request};
use uuid::Uuid;

use crate::support::keeper::{Keeper, World, text};
use crate::support::program::{Run, run, tenantry};

const WRAPPED_BY_OTHERS: &str = "select count(*) from data_keys d where state <> 'destroyed'
   and kek_id <> (select kek_id from key_canaries order by created_at desc limit 1)";

/// `tenantry keys` with the world's database and key file.
fn keys(world: &World, arguments: &[&str]) -> Command {
    let urls = world.db.urls();
    let mut command = tenantry();
    command
        .arg("keys")
        .args(arguments)
        .env("TENANTRY_DATABASE__WEB_URL", urls.web.expose_secret())
        .env("TENANTRY_DATABASE__KEEPER_URL", urls.keeper.expose_secret())
        .env("TENANTRY_MASTER_KEY_FILE", &world.key_file)
        .env("TENANTRY_LOG__FILTER", "off");
    command
}

fn ran(world: &World, arguments: &[&str]) -> Run {
    let run = run(&mut keys(world, arguments));
    assert_eq!(run.code, 0, "{run:?}");
    run
}

/// Kill -9 after so many lines; true when it was done before.
fn killed_after(world: &World, lines: usize, arguments: &[&str]) -> bool {
    let mut child = keys(world, arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let said = BufReader::new(child.stdout.take().unwrap()).lines();
    said.take(lines).for_each(|line| drop(line.unwrap()));
    let _ = child.kill();
    child.wait().unwrap().success()
}

fn key_ids(file: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(file).unwrap();
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.split_once(' ').unwrap().0.to_owned())
        .collect()
}

/// A tenant with a sealed link, hence with a data key of its own.
async fn sealed(world: &World, client: &Client, name: &str) -> (Uuid, Uuid) {
    let (tenant, invitation) = (
        tenantry::clock::ordered_uuid(),
        tenantry::clock::ordered_uuid(),
    );
    let now = world.clock.now();
    sqlx::query(
        "insert into tenants (id, short_name, full_name, state_since, created_at, updated_at) values ($1, $2, $2, $3, $3, $3)",
    )
    .bind(tenant)
    .bind(name)
    .bind(now)
    .execute(&world.pool)
    .await
    .unwrap();
    let question = Request::SealLink {
        tenant_id: tenant,
        invitation_id: invitation,
        token: text(name),
    };
    let Reply::Sealed { ciphertext } = client.ask(question).await.unwrap() else {
        panic!("it does not seal");
    };
    sqlx::query(
        "insert into invitations (tenant_id, id, token_hash, token_hint, token_sealed, reference, method, expected_admin,
           created_at, expires_at)
         values ($1, $2, $3, 'hint', $4, 'R-1', 'device_code', '', $5, $5)",
    )
    .bind(tenant)
    .bind(invitation)
    .bind(invitation.as_bytes().as_slice())
    .bind(ciphertext)
    .bind(now)
    .execute(&world.pool)
    .await
    .unwrap();
    (tenant, invitation)
}

async fn opens(client: &Client, (tenant_id, invitation_id): (Uuid, Uuid)) {
    let question = Request::OpenLink {
        tenant_id,
        invitation_id,
    };
    let answer = client.ask(question).await.unwrap();
    assert!(matches!(answer, Reply::Link { .. }), "{answer:?}");
}

async fn fleet(world: &World, keeper: &Keeper, count: usize) -> Vec<(Uuid, Uuid)> {
    let mut links = Vec::new();
    for at in 0..count {
        links.push(sealed(world, &keeper.client, &format!("t-{at}")).await);
    }
    links
}

/// New customers and refreshes all the time, until told to stop; gives the links made.
async fn load(world: Arc<World>, client: Client, stop: Arc<AtomicBool>) -> Vec<(Uuid, Uuid)> {
    let mut links = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let name = format!("l-{}", links.len());
        links.push(sealed(&world, &client, &name).await);
        let question = Request::Refresh {
            tenant_id: world.tenant,
        };
        let answer = client.ask(question).await.unwrap();
        assert!(matches!(answer, Reply::Refreshed { .. }), "{answer:?}");
    }
    links
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_anywhere_under_load_a_rotation_goes_on_and_nothing_is_lost() {
    let world = Arc::new(World::new().await);
    let keeper = world.keeper().await;
    world.onboard(&keeper).await;
    let links = fleet(&world, &keeper, 12).await;
    let stop = Arc::new(AtomicBool::new(false));
    let load = tokio::spawn(load(
        Arc::clone(&world),
        keeper.client.clone(),
        Arc::clone(&stop),
    ));
    // Each is a place to die at: before the file, after it, and after so many batches.
    for lines in [1, 0, 2, 1, 3, 5] {
        killed_after(&world, lines, &["rotate", "--batch", "3"]);
    }
    ran(&world, &["rotate", "--batch", "4"]);
    stop.store(true, Ordering::Relaxed);
    let made = load.await.unwrap();
    // What a keeper still made under the old key when it had not heard.
    if world.number(WRAPPED_BY_OTHERS).await > 0 {
        ran(&world, &["rotate"]);
    }
    assert_eq!(world.number(WRAPPED_BY_OTHERS).await, 0);

    for link in links.iter().chain(&made) {
        opens(&keeper.client, *link).await;
    }
    keeper.stop().await;
    let keeper = world.keeper().await;
    for link in links.into_iter().chain(made) {
        opens(&keeper.client, link).await;
    }
    world.judge().await;
}

#[tokio::test]
async fn a_rotation_makes_a_primary_and_the_old_key_goes_when_nothing_names_it() {
    let world = World::new().await;
    let keeper = world.keeper().await;
    let links = fleet(&world, &keeper, 3).await;
    let old = key_ids(&world.key_file);
    let said = ran(&world, &["rotate"]).out;
    let ids = key_ids(&world.key_file);
    assert_eq!(ids[1..], old, "the new one first, the old one kept");
    assert!(said.contains(&format!("Made {}", ids[0])), "{said}");
    assert!(said.contains("Keep it until the last backup"), "{said}");
    assert_eq!(world.number(WRAPPED_BY_OTHERS).await, 0);

    let said = ran(&world, &["rotate", "--retire", &old[0]]).out;
    assert!(said.contains("out of use"), "{said}");
    assert_eq!(key_ids(&world.key_file), ids[..1]);
    for link in links {
        opens(&keeper.client, link).await;
    }
    // The keeper that still knows the old key makes nothing with it.
    sealed(&world, &keeper.client, "afterwards").await;
    assert_eq!(world.number(WRAPPED_BY_OTHERS).await, 0);
    let logged = "select count(*) from audit_events where action in ('keys.rotate', 'keys.retire')";
    assert_eq!(world.number(logged).await, 2);
}

#[tokio::test]
async fn a_key_that_is_needed_is_not_taken_out_of_use() {
    let world = World::new().await;
    let keeper = world.keeper().await;
    fleet(&world, &keeper, 4).await;
    let primary = key_ids(&world.key_file).remove(0);
    let refused = run(&mut keys(&world, &["rotate", "--retire", &primary]));
    assert!(refused.err.contains("is the primary"), "{refused:?}");
    let refused = run(&mut keys(&world, &["rotate", "--retire", "kek-none"]));
    assert!(
        refused.err.contains("no master key is called"),
        "{refused:?}"
    );

    // The file is new, one batch is done, three wait.
    while key_ids(&world.key_file).len() == 1 {
        killed_after(&world, 2, &["rotate", "--batch", "1"]);
    }
    if world.number(WRAPPED_BY_OTHERS).await > 1 {
        let refused = run(&mut keys(&world, &["rotate", "--finish"]));
        assert_eq!(refused.code, 1, "{refused:?}");
        assert!(refused.err.contains("still wraps"), "{refused:?}");
        assert_eq!(key_ids(&world.key_file).len(), 2);
    }
    let said = ran(&world, &["rotate"]).out;
    assert!(
        said.contains("Going on with") || said.contains("Made"),
        "{said}"
    );
    ran(&world, &["rotate", "--finish"]);
    assert_eq!(key_ids(&world.key_file).len(), 1);
}

#[tokio::test]
async fn status_says_what_each_key_is_for() {
    let mut world = World::new().await;
    let keeper = world.keeper().await;
    fleet(&world, &keeper, 2).await;
    ran(&world, &["rotate"]);
    let ids = key_ids(&world.key_file);
    let said = ran(&world, &["status"]).out;
    let line = |id: &str| {
        said.lines()
            .find(|line| line.starts_with(id))
            .unwrap()
            .to_owned()
    };
    assert!(line(&ids[0]).contains("primary") && line(&ids[0]).contains("canary opens"));
    assert!(line(&ids[1]).contains("0 data keys") && line(&ids[1]).contains("rotated out"));

    // A running keeper, asked, says the same once it has read the file again.
    let answer = keeper.ask(Request::Keys(keys::Request::Reload)).await;
    let Reply::Keys(keys::Reply::Reloaded { primary }) = answer else {
        panic!("{answer:?}");
    };
    assert_eq!(primary, ids[0]);
    let answer = keeper.ask(Request::Keys(keys::Request::Status)).await;
    let Reply::Keys(keys::Reply::Status { masters }) = answer else {
        panic!("{answer:?}");
    };
    assert_eq!(masters[0].canary, Canary::Opens);
    assert_eq!(masters[1].data_keys, 0);
    keeper.stop().await;

    // Without the key in use the command says so, and ends as the keeper would.
    let other = world.key_file.with_file_name("other.key");
    tenantry::keeper::create_key_file(&other).unwrap();
    world.key_file = other;
    let wrong = run(&mut keys(&world, &["status"]));
    assert_eq!(wrong.code, 1, "{wrong:?}");
    assert!(wrong.out.contains("missing"), "{wrong:?}");
    let wrong = run(&mut keys(&world, &["rotate"]));
    assert_eq!(wrong.code, 78, "{wrong:?}");
    assert_eq!(key_ids(&world.key_file).len(), 1, "nothing was written");
}

#[tokio::test]
async fn a_command_gives_the_keys_and_a_rotation_follows_its_primary() {
    let world = World::new().await;
    let keeper = world.keeper().await;
    let links = fleet(&world, &keeper, 3).await;
    keeper.stop().await;
    let old = std::fs::read_to_string(&world.key_file).unwrap();
    let other = world.key_file.with_file_name("other.key");
    tenantry::keeper::create_key_file(&other).unwrap();
    let new = std::fs::read_to_string(&other).unwrap();
    let both = world.key_file.with_file_name("both");
    std::fs::write(&both, format!("{new}{old}")).unwrap();

    let by_command = |arguments: &[&str]| {
        let mut command = keys(&world, arguments);
        command.env_remove("TENANTRY_MASTER_KEY_FILE").env(
            "TENANTRY_MASTER_KEY_COMMAND",
            format!("/bin/cat {}", both.display()),
        );
        run(&mut command)
    };
    let rotated = by_command(&["rotate"]);
    assert_eq!(rotated.code, 0, "{rotated:?}");
    assert_eq!(world.number(WRAPPED_BY_OTHERS).await, 0);
    let idle = by_command(&["rotate"]);
    assert!(idle.out.contains("Nothing to do"), "{idle:?}");
    assert_eq!(by_command(&["rotate", "--finish"]).code, 0);

    std::fs::remove_file(&world.key_file).unwrap();
    std::fs::copy(&other, &world.key_file).unwrap();
    let keeper = world.keeper().await;
    for link in links {
        opens(&keeper.client, link).await;
    }
}

/// What `keys status` says to a source that is not right.
fn refused(world: &World, setting: &str, value: &str) -> String {
    let mut command = keys(world, &["status"]);
    let run = run(command
        .env_remove("TENANTRY_MASTER_KEY_FILE")
        .env(setting, value));
    assert_eq!(run.code, 78, "{setting} {value} {run:?}");
    run.err
}

#[tokio::test]
async fn a_source_that_is_not_right_ends_with_78_and_says_what_to_do() {
    let world = World::new().await;
    let line = std::fs::read_to_string(&world.key_file).unwrap();
    let made = |name: &str, content: &str, mode: u32| {
        let path = world.key_file.with_file_name(name);
        std::fs::write(&path, content).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(mode);
        std::fs::set_permissions(&path, mode).unwrap();
        path.display().to_string()
    };
    let short = format!("kek-short {}\n", "A".repeat(40) + "AA==");
    for (path, word) in [
        (made("empty", "", 0o400), "holds no key"),
        (made("twice", &format!("{line}{line}"), 0o400), "twice"),
        (made("short", &short, 0o400), "line 1"),
        (made("open", &line, 0o444), "chmod 0400"),
        (
            world.key_file.parent().unwrap().display().to_string(),
            "is no file",
        ),
        ("/nonexistent".to_owned(), "cannot be read"),
    ] {
        let said = refused(&world, "TENANTRY_MASTER_KEY_FILE", &path);
        assert!(said.contains(word), "{path}: {said}");
    }
    for (command, word) in [
        ("/bin/false", "exit status: 1"),
        ("/bin/echo garbage", "line 1"),
        ("/nonexistent/keys", "cannot be started"),
        ("keys", "full path"),
    ] {
        let said = refused(&world, "TENANTRY_MASTER_KEY_COMMAND", command);
        assert!(said.contains(word), "{command}: {said}");
    }
    let mut both = keys(&world, &["status"]);
    let both = run(both.env("TENANTRY_MASTER_KEY_COMMAND", "/bin/true"));
    assert!(
        both.code == 78 && both.err.contains("are both set"),
        "{both:?}"
    );
}
