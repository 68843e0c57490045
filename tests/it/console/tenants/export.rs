//! The list of tenants as a file, and the way back.

use std::fmt::Write as _;

use super::Stage;

/// Names that spreadsheets, separators and quotation marks would like to change.
const NAMES: [&str; 8] = [
    "=1+1",
    "'=x",
    "'t Hart BV",
    "Birch, \"Sons\" & Co; Ltd",
    "@home",
    "+49 Consulting",
    "Ünïcode ✓",
    "-",
];

async fn stage() -> Stage {
    let stage = Stage::empty().await;
    for (n, name) in NAMES.iter().enumerate() {
        let short = format!("t{n}");
        let tags = if n % 2 == 0 { "gold, vip" } else { "" };
        let page = stage
            .add(&[
                ("short_name", &short),
                ("full_name", name),
                ("tags", tags),
                ("resource_teams", "optional"),
            ])
            .await;
        assert_eq!(page.status, 303, "{name}: {}", page.text());
    }
    stage
}

#[tokio::test]
async fn what_was_exported_changes_nothing_when_it_is_imported() {
    let stage = stage().await;
    for ending in ["csv", "json"] {
        let file = stage.get(&format!("/tenants/export.{ending}")).await;
        let disposition = file.header("content-disposition");
        assert!(
            disposition.starts_with("attachment; filename=\"tenants-"),
            "{disposition}"
        );
        assert!(
            disposition.ends_with(&format!(".{ending}\"")),
            "{disposition}"
        );
        let page = stage
            .import(&[("file", file.body.as_bytes()), ("act", b"look")])
            .await;
        assert!(
            page.text()
                .contains("0 new, 0 changed, 8 unchanged, 0 refused."),
            "{ending}: {}\n{}",
            page.text(),
            file.body
        );
        assert!(!page.text().contains("not imported:"), "{}", page.text());
    }
}

#[tokio::test]
async fn an_export_brings_every_tenant_into_an_empty_portal() {
    let (from, to) = (stage().await, Stage::empty().await);
    let file = from.get("/tenants/export.csv").await;
    let page = to
        .import(&[("file", file.body.as_bytes()), ("act", b"look")])
        .await;
    let seen = page.value("seen");
    let done = to
        .import(&[
            ("text", file.body.as_bytes()),
            ("act", b"import"),
            ("seen", seen.as_bytes()),
        ])
        .await;
    assert_eq!(done.status, 303, "{}", done.text());
    assert_eq!(to.get("/tenants/export.csv").await.body, file.body);
}

#[tokio::test]
async fn an_export_follows_the_list_and_is_written_down() {
    let stage = stage().await;
    let file = stage.get("/tenants/export.csv?tag=gold&q=hart").await;
    let lines: Vec<&str> = file.body.lines().collect();
    assert_eq!(
        lines,
        [
            "short_name,full_name,domain,invitation_email,admin_username,tags,required_resources,optional_resources,state,entra_tenant_id",
            "t2,'t Hart BV,contoso.com,it@contoso.com,admin@contoso.com,gold vip,graph exchange,teams azure,active,"
        ]
    );
    let details = stage.details("tenants.exported").await;
    assert_eq!(
        (&details["format"], &details["q"]),
        (&"csv".into(), &"hart".into())
    );
    let none = stage.get("/tenants/export.json?state=archived").await;
    assert_eq!(none.body, "[]\n");
}

#[tokio::test]
async fn a_long_list_is_whole() {
    let stage = Stage::empty().await;
    let mut file = "short_name,full_name\n".to_owned();
    for n in 0..1_203 {
        writeln!(file, "t{n},Tenant {n}").unwrap();
    }
    let seen = b"1203-0-0-0";
    let done = stage
        .import(&[
            ("text", file.as_bytes()),
            ("act", b"import"),
            ("seen", seen),
        ])
        .await;
    assert_eq!(done.status, 303, "{}", done.text());
    let csv = stage.get("/tenants/export.csv").await;
    assert_eq!(csv.body.lines().count(), 1_204);
    let json = stage.get("/tenants/export.json").await;
    let read: Vec<serde_json::Value> = serde_json::from_str(&json.body).unwrap();
    assert_eq!(read.len(), 1_203);
}
