//! The keeper's socket: who is let in, what is understood, what is refused, and who may take its place. The keeper behind it
//! is a few lines; the last test asks the real one.

mod desk;

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::time::Duration;

use tenantry::keeper::message::{Refusal, Reply, Request};
use tenantry::keeper::socket::{Access, ListenError, Listener, serve};
use tenantry::keeper::{Client, Unavailable};
use tokio::io::AsyncWriteExt;
use tokio::net::UnixStream;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use self::desk::{Desk, answer, frame, ready};
use crate::support::keeper::World;
use crate::support::program::tenantry_copied_to;
use crate::support::scratch::Scratch;

/// As many bytes as a message may have.
const LONGEST: usize = 256 * 1024;

#[tokio::test]
async fn a_question_is_answered_and_several_at_a_time_are() {
    let desk = Desk::open().await;
    let several = (0..50).map(|_| desk.client.ask(Request::Health));
    for reply in futures_util::future::join_all(several).await {
        assert!(matches!(reply, Ok(Reply::Health { ready: true, .. })));
    }
    assert_eq!(desk.asked(), 50);
}

#[tokio::test]
async fn what_is_no_question_is_refused_and_reaches_nobody() {
    let desk = Desk::open().await;
    let id = Uuid::nil();
    let deep = [vec![b'['; 100_000], vec![b']'; 100_000]].concat();
    let nested = format!(
        r#"{{"ask":"refresh","tenant_id":{}"x"{}}}"#,
        r#"{"a":"#.repeat(20_000),
        "}".repeat(20_000)
    );
    let long = format!(r#"{{"ask":"{}"}}"#, "a".repeat(LONGEST - 20));
    let corpus: Vec<Vec<u8>> = vec![
        b"".into(),
        b"null".into(),
        b"[]".into(),
        b"{}".into(),
        b"\"health\"".into(),
        b"{\"ask\":\"health\"} {\"ask\":\"health\"}".into(),
        b"{\"ask\":\"health\"".into(),
        br#"{"ask":"everything"}"#.into(),
        br#"{"ask":["health"]}"#.into(),
        br#"{"ask":7}"#.into(),
        br#"{"ask":"refresh"}"#.into(),
        br#"{"ask":"refresh","tenant_id":7}"#.into(),
        br#"{"ask":"refresh","tenant_id":"no id"}"#.into(),
        br#"{"ask":"refresh","tenant_id":"00000000-0000-0000-0000-000000000000' or 1=1"}"#.into(),
        format!(r#"{{"ask":"refresh","tenant_id":"{id}","all":true}}"#).into(),
        format!(r#"{{"ask":"refresh","tenant_id":"{id}","tenant_id":"{id}"}}"#).into(),
        format!(r#"{{"ask":"seal_link","tenant_id":"{id}","invitation_id":"{id}","token":{{}}}}"#)
            .into(),
        format!(
            r#"{{"ask":"hand_out","tenant_id":"{id}","resource":"graph","min_ttl_s":-1,"reason":""}}"#
        )
        .into(),
        br#"{"ask":"move_clock","offset_ms":1e400}"#.into(),
        br#"{"ask":"move_clock","offset_ms":99999999999999999999}"#.into(),
        b"{\"ask\":\"\xff\xfe\"}".into(),
        b"\x00\x01\x02\x03".into(),
        b"\xef\xbb\xbf{\"ask\":\"health\"}".into(),
        b"GET / HTTP/1.1\r\nHost: keeper\r\n\r\n".into(),
        deep,
        nested.into_bytes(),
        long.into_bytes(),
        vec![b' '; LONGEST],
        vec![b'"'; LONGEST],
    ];
    for message in &corpus {
        let shown = String::from_utf8_lossy(&message[..message.len().min(80)]);
        let reply = desk.send(&frame(message)).await;
        assert!(
            matches!(reply, Some(Reply::Refused(Refusal::NotUnderstood))),
            "{shown}: {reply:?}"
        );
    }
    for length in [u32::try_from(LONGEST).unwrap() + 1, 0x7fff_ffff, u32::MAX] {
        let reply = desk.send(&length.to_be_bytes()).await;
        assert!(
            matches!(reply, Some(Reply::Refused(Refusal::NotUnderstood))),
            "{length}: {reply:?}"
        );
    }
    assert_eq!(desk.asked(), 0);
    assert!(desk.client.ask(Request::Health).await.is_ok());
}

#[tokio::test]
async fn half_a_question_closes_the_line_without_a_word() {
    let desk = Desk::open().await;
    let whole = frame(br#"{"ask":"health"}"#);
    for end in 0..whole.len() {
        let reply = desk.send(&whole[..end]).await;
        assert!(reply.is_none(), "{end} bytes: {reply:?}");
    }
    assert_eq!(desk.asked(), 0);
    assert!(desk.send(&whole).await.is_some());
}

/// The runtime's clock runs ahead when nothing else happens, so nobody waits here.
#[tokio::test(start_paused = true)]
async fn who_delivers_a_byte_now_and_then_is_cut_after_ten_seconds() {
    let desk = Desk::open().await;
    let mut line = UnixStream::connect(desk.path()).await.unwrap();
    let began = tokio::time::Instant::now();
    for byte in frame(&[b' '; 100]) {
        if line.write_all(&[byte]).await.is_err() {
            break;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    assert!(answer(&mut line).await.is_none());
    assert!(began.elapsed() < Duration::from_secs(15));
    assert_eq!(desk.asked(), 0);
}

#[tokio::test]
async fn beyond_two_hundred_and_fifty_six_in_work_one_is_asked_to_come_again() {
    let desk = Desk::closed(Access::default()).await;
    let waiting: Vec<_> = (0..256)
        .map(|_| {
            let client = desk.client.clone();
            tokio::spawn(async move { client.ask(Request::Health).await })
        })
        .collect();
    while desk.asked() < 256 {
        tokio::task::yield_now().await;
    }
    let one_more = desk.client.ask(Request::Health).await;
    assert!(matches!(one_more, Ok(Reply::Refused(Refusal::Busy))));
    desk.may_answer.add_permits(300);
    for waited in waiting {
        assert!(matches!(
            waited.await.unwrap(),
            Ok(Reply::Health { ready: true, .. })
        ));
    }
    assert!(matches!(
        desk.client.ask(Request::Health).await,
        Ok(Reply::Health { .. })
    ));
}

#[tokio::test]
async fn a_keeper_that_stops_answers_what_it_has_begun_and_leaves_no_socket() {
    let desk = Desk::closed(Access::default()).await;
    let client = desk.client.clone();
    let waiting = tokio::spawn(async move { client.ask(Request::Health).await });
    while desk.asked() < 1 {
        tokio::task::yield_now().await;
    }
    desk.stop.cancel();
    while desk.path().exists() {
        tokio::task::yield_now().await;
    }
    let refused = desk.client.ask(Request::Health).await;
    assert_eq!(refused.unwrap_err(), Unavailable);
    desk.may_answer.add_permits(1);
    assert!(waiting.await.unwrap().is_ok());
    let lock = desk.serving.await.unwrap();
    let taken = Listener::bind(&desk.dir.path().join("keeper.sock"), Duration::ZERO).await;
    assert!(
        matches!(taken, Err(ListenError::Taken(_))),
        "the place is kept to the end"
    );
    drop(lock);
    Listener::bind(&desk.dir.path().join("keeper.sock"), Duration::ZERO)
        .await
        .unwrap();
}

#[tokio::test]
async fn nobody_answers_where_nobody_is() {
    let client = Client::socket("/nonexistent/keeper.sock".into());
    assert_eq!(client.ask(Request::Health).await.unwrap_err(), Unavailable);
}

#[tokio::test]
async fn what_a_dead_keeper_left_is_replaced_and_a_living_one_is_not() {
    let scratch = Scratch::new();
    let path = scratch.path().join("keeper.sock");
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    assert!(path.exists(), "as after kill -9");
    let first = Listener::bind(&path, Duration::ZERO).await.unwrap();
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o660);
    let second = Listener::bind(&path, Duration::ZERO).await.unwrap_err();
    assert!(
        second.to_string().contains("another keeper answers at"),
        "{second}"
    );
    drop(first);

    let foreign = scratch.path().join("foreign.sock");
    let _living = std::os::unix::net::UnixListener::bind(&foreign).unwrap();
    let refused = Listener::bind(&foreign, Duration::ZERO).await;
    assert!(matches!(refused, Err(ListenError::Taken(_))));

    let file = scratch.file("notes.txt", "mine");
    let refused = Listener::bind(&file, Duration::ZERO).await;
    assert!(matches!(refused, Err(ListenError::NoSocket(_))));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "mine");
}

#[tokio::test]
async fn who_waits_takes_over_when_the_other_is_gone() {
    let scratch = Scratch::new();
    let path = scratch.path().join("keeper.sock");
    let first = Listener::bind(&path, Duration::ZERO).await.unwrap();
    let next = {
        let path = path.clone();
        tokio::spawn(async move { Listener::bind(&path, Duration::from_mins(1)).await })
    };
    tokio::task::yield_now().await;
    drop(first);
    next.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_path_longer_than_a_socket_address_works() {
    let scratch = Scratch::new();
    let dir = scratch.path().join("d".repeat(120));
    std::fs::create_dir(&dir).unwrap();
    let path = dir.join("keeper.sock");
    let listener = Listener::bind(&path, Duration::ZERO).await.unwrap();
    let (keeper, mut questions) = Client::channel(1);
    tokio::spawn(serve(
        listener,
        keeper,
        Access::default(),
        CancellationToken::new(),
    ));
    let client = Client::socket(path);
    let asked = tokio::spawn(async move { client.ask(Request::Health).await });
    let (_, answer) = questions.recv().await.unwrap();
    answer.send(ready()).unwrap();
    assert!(asked.await.unwrap().is_ok());
}

/// `tenantry doctor` as this user: its line about the keeper.
async fn doctor_as(uid: u32, desk: &Desk) -> String {
    let program = desk.dir.path().join("tenantry");
    let mut doctor = tenantry_copied_to(&program);
    doctor
        .arg("doctor")
        .env("TENANTRY_KEEPER_SOCKET", desk.path())
        .env("TENANTRY_DATA_DIR", "/nonexistent")
        .env("TENANTRY_ENTRA__AUTHORITY", "http://127.0.0.1:1")
        .env(
            "TENANTRY_DATABASE__MIGRATE_URL",
            "postgres://m@127.0.0.1:1/d",
        )
        .uid(uid)
        .gid(uid);
    let run = tokio::task::spawn_blocking(move || crate::support::program::run(&mut doctor));
    let run = run.await.unwrap();
    let line = run.out.lines().find(|line| line.contains(" keeper:"));
    line.unwrap_or_else(|| panic!("{} {}", run.out, run.err))
        .to_owned()
}

fn open_to_all(path: &Path) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o666)).unwrap();
}

/// Root alone can become somebody else; the mode is taken out of the way so that the peer check is what refuses.
#[tokio::test]
async fn another_user_is_refused_before_a_byte_is_read_unless_listed() {
    const SOMEBODY: u32 = 65_533;
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let desk = Desk::open().await;
    open_to_all(&desk.path());
    let refused = doctor_as(SOMEBODY, &desk).await;
    assert!(
        refused.starts_with("FAIL") && refused.contains("keeper_clients"),
        "{refused}"
    );
    assert_eq!(desk.asked(), 0);

    let users = vec![SOMEBODY];
    let desk = Desk::open_to(Access { users }).await;
    open_to_all(&desk.path());
    let admitted = doctor_as(SOMEBODY, &desk).await;
    assert!(admitted.starts_with("ok"), "{admitted}");
}

#[tokio::test]
async fn the_real_keeper_answers_over_it_and_moves_no_clock() {
    let world = World::new().await;
    let keeper = world.keeper().await;
    let scratch = Scratch::new();
    let path = scratch.path().join("keeper.sock");
    let listener = Listener::bind(&path, Duration::ZERO).await.unwrap();
    let stop = CancellationToken::new();
    tokio::spawn(serve(
        listener,
        keeper.client.clone(),
        Access::default(),
        stop,
    ));
    let client = Client::socket(path);
    let health = client.ask(Request::Health).await;
    assert!(
        matches!(health, Ok(Reply::Health { ready: true, .. })),
        "{health:?}"
    );
    let (tenant_id, invitation_id) = (world.tenant, Uuid::from_u128(7));
    let seal = Request::SealLink {
        tenant_id,
        invitation_id,
        token: crate::support::keeper::text("inv_token"),
    };
    let sealed = client.ask(seal).await;
    assert!(
        matches!(&sealed, Ok(Reply::Sealed { ciphertext }) if !ciphertext.is_empty()),
        "{sealed:?}"
    );
    let before = world.clock.offset_ms();
    let moved = client
        .ask(Request::MoveClock {
            offset_ms: 3_600_000,
        })
        .await;
    assert!(matches!(moved, Ok(Reply::Refused(Refusal::NotThere))));
    assert_eq!(world.clock.offset_ms(), before);
}
