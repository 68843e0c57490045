//! "Import": what each row of a file would do, and doing it.

use std::fmt::Write as _;

use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, ORIGIN};
use tenantry::domain::technician::Role;

use super::{HOSTILE, Stage, UNSEEN};
use crate::support::page::Page;

const PAGE: &str = "/tenants/import";
const EDGE: &str = "----a-line-that-no-file-has";

impl Stage {
    /// Send the page's form with these parts; `file` goes as a file.
    pub(super) async fn import(&self, parts: &[(&str, &[u8])]) -> Page {
        let mut body = Vec::new();
        for (name, value) in parts {
            let file = if *name == "file" {
                "; filename=\"tenants.csv\"\r\nContent-Type: text/csv"
            } else {
                ""
            };
            body.extend(
                format!(
                    "--{EDGE}\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n"
                )
                .as_bytes(),
            );
            body.extend(*value);
            body.extend(b"\r\n");
        }
        body.extend(format!("--{EDGE}--\r\n").as_bytes());
        let origin = self.app.app.site.base_url.origin().ascii_serialization();
        let request = self
            .browser
            .request(Method::POST, PAGE)
            .header("sec-fetch-site", "same-origin")
            .header(ORIGIN, origin)
            .header(
                CONTENT_TYPE,
                format!("multipart/form-data; boundary={EDGE}"),
            )
            .body(body);
        self.browser.send(request).await
    }

    async fn look(&self, file: &str) -> Page {
        let page = self
            .import(&[("file", file.as_bytes()), ("act", b"look")])
            .await;
        assert_eq!(page.status, 200, "{}", page.text());
        page
    }

    /// Press the button of a page that [`Stage::look`] gave, which sends the text that it shows.
    async fn press(&self, page: &Page, more: &[(&str, &str)]) -> Page {
        let form = page.form("form[enctype]");
        let mut values = form.values;
        values.retain(|(name, _)| name != "file");
        values.push(("act".into(), "import".into()));
        values.extend(more.iter().map(|(n, v)| ((*n).into(), (*v).into())));
        let parts: Vec<(&str, &[u8])> = values
            .iter()
            .map(|(n, v)| (n.as_str(), v.as_bytes()))
            .collect();
        self.import(&parts).await
    }
}

/// Fate and what is said of it, by row.
fn fates(page: &Page) -> Vec<(String, String)> {
    let fates = page.texts("td[data-label=Fate]");
    fates
        .into_iter()
        .zip(page.texts("td[data-label=What]"))
        .collect()
}

const FILE: &str = "Short name;Full name;Domain;Tags;Colour\r\n\
    alder;Alder Clinics;alder.example;gold\r\n\
    birch;Birch & Sons;birch.example;\r\n\
    cedar;Cedar Foods;cedar.example;gold emea\r\n\
    -dogwood;Dogwood;;\r\n\
    CEDAR;Cedar again;;\r\n";

/// Alder as in the file, birch without its domain.
async fn stage() -> Stage {
    let stage = Stage::empty().await;
    for fields in [
        [
            ("short_name", "alder"),
            ("full_name", "Alder Clinics"),
            ("domain", "alder.example"),
            ("tags", "gold"),
        ],
        [
            ("short_name", "birch"),
            ("full_name", "Birch & Sons"),
            ("domain", ""),
            ("tags", ""),
        ],
    ] {
        assert_eq!(stage.add(&fields).await.status, 303);
    }
    stage
}

#[tokio::test]
async fn each_row_says_what_it_would_do_and_nothing_is_written() {
    let stage = stage().await;
    let (before, audit) = (stage.everything().await, stage.app.audit().await);
    let page = stage.look(FILE).await;
    let fates = fates(&page);
    let words: Vec<&str> = fates.iter().map(|(fate, _)| fate.as_str()).collect();
    assert_eq!(words, ["Unchanged", "Changed", "New", "Refused", "Refused"]);
    assert_eq!(fates[1].1, "Domain: nothing → birch.example");
    assert_eq!(fates[2].1, "Domain: cedar.example Tags: emea, gold");
    assert!(
        fates[3].1.starts_with("Short name: Use letters"),
        "{fates:?}"
    );
    assert_eq!(
        fates[4].1,
        "Short name: Row 4 has the same short name. Remove one of them."
    );
    assert_eq!(page.texts("td[data-label=Row]"), ["2", "3", "4", "5", "6"]);
    assert!(
        page.text()
            .contains("These columns are not imported: Colour.")
    );
    assert!(
        page.text()
            .contains("1 new, 1 changed, 1 unchanged, 2 refused.")
    );
    assert_eq!(stage.everything().await, before);
    assert_eq!(stage.app.audit().await, audit);
}

#[tokio::test]
async fn rows_are_listed_by_fate_and_page_by_page() {
    let stage = stage().await;
    let page = stage
        .import(&[
            ("text", FILE.as_bytes()),
            ("show", b"refused"),
            ("shown", b"new"),
        ])
        .await;
    assert_eq!(fates(&page).len(), 2);
    assert_eq!(page.text_of(".chip[aria-current]"), "Refused 2");
    let mut long = "short_name,full_name\n".to_owned();
    for n in 0..250 {
        writeln!(long, "t{n},Tenant {n}").unwrap();
    }
    let third = stage
        .import(&[("text", long.as_bytes()), ("page", b"3")])
        .await;
    assert_eq!(fates(&third).len(), 50);
    assert!(third.text().contains("201–250 of 250"));
    assert_eq!(third.attributes("button[name=page]", "value"), ["2"]);
}

#[tokio::test]
async fn refused_rows_stop_the_import_unless_they_are_left_out() {
    let stage = stage().await;
    let before = stage.everything().await;
    let page = stage.look(FILE).await;
    let stopped = stage.press(&page, &[]).await;
    assert_eq!(stopped.status, 422);
    assert!(stopped.text().contains("Nothing was imported"));
    assert_eq!(stage.everything().await, before);
    let done = stage.press(&stopped, &[("leave", "yes")]).await;
    assert_eq!(done.status, 303, "{}", done.text());
    let list = stage.browser.follow(done).await;
    assert_eq!(
        list.text_of("main [role=status]"),
        "Imported: 1 added, 1 changed, 1 as they were. 2 refused rows were left out."
    );
    assert!(list.text().contains("Cedar Foods"));
    assert_eq!(
        stage.app.audit().await[2..],
        [
            "tenant.added done",
            "tenant.edited done",
            "tenants.imported done"
        ]
    );
    assert_eq!(stage.details("tenants.imported").await["refused"], 2);
    assert_eq!(stage.details("tenant.edited").await["changed"][0], "domain");
    let again = stage.look(FILE).await;
    assert!(
        again
            .text()
            .contains("0 new, 0 changed, 3 unchanged, 2 refused.")
    );
    assert!(!again.has("button[value=import]"), "nothing is left to do");
}

#[tokio::test]
async fn what_was_changed_since_the_look_is_shown_before_anything_is_written() {
    let stage = stage().await;
    let page = stage
        .look("short_name,full_name\ncedar,Cedar Foods\n")
        .await;
    assert_eq!(
        stage
            .add(&[("short_name", "cedar"), ("full_name", "Cedar by hand")])
            .await
            .status,
        303
    );
    let late = stage.press(&page, &[]).await;
    assert_eq!(late.status, 409);
    assert_eq!(fates(&late)[0].1, "Full name: Cedar by hand → Cedar Foods");
    let done = stage.press(&late, &[]).await;
    assert_eq!(done.status, 303, "{}", done.text());
    let twice = stage.press(&late, &[]).await;
    assert_eq!(twice.status, 409);
    assert!(
        twice
            .text()
            .contains("already as the file says. Perhaps it was imported a moment ago")
    );
}

#[tokio::test]
async fn columns_that_are_not_there_stay_and_empty_cells_empty() {
    let stage = stage().await;
    let page = stage.look(r#"[{"short_name":"alder","tags":[],"required_resources":["teams"],"optional_resources":null}]"#).await;
    assert_eq!(
        fates(&page)[0].1,
        "Tags: gold → nothing Resource set: graph, exchange, azure (optional) → teams, azure (optional)"
    );
    let wrong = stage
        .look("short_name,required_resources\nalder,graf\n")
        .await;
    assert_eq!(
        fates(&wrong)[0].1,
        "Required resources: Use these words only: graph, exchange, teams, azure."
    );
    let same = stage
        .look("short_name,full_name,required_resources\nalder,Alder Clinics,\n")
        .await;
    assert_eq!(fates(&same)[0].0, "Unchanged");
}

#[tokio::test]
async fn an_archived_tenant_is_not_brought_back_by_a_file() {
    let stage = stage().await;
    let page = stage.get("/tenants/alder/archival").await;
    stage.browser.submit(&page, "dialog form", &[]).await;
    let page = stage.look(FILE).await;
    assert!(
        fates(&page)[0].1.contains("This tenant is archived."),
        "{:?}",
        fates(&page)
    );
}

#[tokio::test]
async fn what_cannot_be_read_is_said_in_words_and_the_text_stays() {
    let stage = Stage::empty().await;
    for (file, problem) in [
        (&b"name\nAlder\n"[..], "There is no column short_name."),
        (
            b"[{\"short_name\": }]",
            "This is no JSON: line 1, column 17.",
        ),
        (b"{}", "The JSON must be a list of objects"),
        (b"\xff\xfea\0", "The file is not text in UTF-8."),
        (b"", "There is nothing in it."),
    ] {
        let page = stage.import(&[("text", file), ("act", b"look")]).await;
        assert_eq!(page.status, 422);
        assert!(
            page.text_of("[role=alert]").starts_with(problem),
            "{}",
            page.text()
        );
        if file.is_ascii() {
            assert_eq!(
                page.text_of("textarea").replace('\n', " "),
                String::from_utf8_lossy(file).trim().replace('\n', " ")
            );
        }
    }
    let large = vec![b'a'; 1024 * 1024 + 1];
    let page = stage.import(&[("file", &large), ("act", b"look")]).await;
    assert_eq!(page.status, 422);
    assert!(page.text().contains("larger than 1 MiB"));
    let larger = vec![b'a'; 3 * 1024 * 1024];
    assert_eq!(stage.import(&[("file", &larger)]).await.status, 413);
    assert_eq!(
        stage.import(&[("role", b"owner")]).await.status,
        422,
        "no field of the page's"
    );
}

#[tokio::test]
async fn nothing_in_a_file_becomes_markup_or_a_hidden_character() {
    let stage = Stage::empty().await;
    let rows = [HOSTILE, UNSEEN[0], UNSEEN[1], UNSEEN[2], UNSEEN[3]]
        .map(|name| serde_json::json!({ "short_name": "alder", "full_name": name, HOSTILE: "x" }));
    let page = stage.look(&serde_json::to_string(&rows).unwrap()).await;
    assert!(!page.has("main script, main img"), "{}", page.body);
    let one =
        |name: &str| serde_json::json!([{ "short_name": "alder", "full_name": name }]).to_string();
    for name in UNSEEN {
        assert_eq!(
            fates(&stage.look(&one(name)).await)[0].0,
            "Refused",
            "{name:?}"
        );
    }
}

#[tokio::test]
async fn thousands_of_tenants_come_in_at_once_and_change_at_once() {
    let stage = Stage::empty().await;
    let mut file = "short_name,full_name,domain,tags\n".to_owned();
    for n in 0..4_000 {
        writeln!(
            file,
            "tenant-{n},Tenant {n},t{n}.example,gold tag-{}",
            n % 50
        )
        .unwrap();
    }
    let page = stage.look(&file).await;
    let began = std::time::Instant::now();
    let done = stage.press(&page, &[]).await;
    assert_eq!(done.status, 303, "{}", done.text());
    assert!(began.elapsed().as_secs() < 60, "{:?}", began.elapsed());
    let count: i64 =
        sqlx::query_scalar("select count(*) from tenant_status where 'gold' = any(tags)")
            .fetch_one(&stage.app.pool)
            .await
            .unwrap();
    assert_eq!(count, 4_000);
    let more = file.replace(".example", ".test");
    let page = stage.look(&more).await;
    assert!(
        page.text().contains("4000 changed"),
        "{}",
        page.text_of("#fates + p")
    );
    let done = stage.press(&page, &[]).await;
    assert_eq!(done.status, 303, "{}", done.text());
}

#[tokio::test]
async fn without_its_audit_entry_nothing_is_imported() {
    let stage = Stage::empty().await;
    let page = stage
        .look("short_name,full_name\ncedar,Cedar Foods\n")
        .await;
    sqlx::raw_sql(
        "create function take_nothing() returns trigger language plpgsql as $$ begin raise exception 'disk full'; end $$;
         create trigger take_nothing before insert on audit_events for each row execute function take_nothing()",
    )
    .execute(&stage.app.pool)
    .await
    .unwrap();
    let failed = stage.press(&page, &[]).await;
    assert_eq!(failed.status, 503, "{}", failed.text());
    assert!(stage.everything().await.is_empty());
}

#[tokio::test]
async fn who_may_not_add_tenants_imports_none() {
    let mut stage = Stage::empty().await;
    stage.browser = stage.app.login(Role::Viewer).await;
    assert_eq!(stage.browser.get(PAGE).await.status, 403);
    assert_eq!(stage.import(&[("text", FILE.as_bytes())]).await.status, 403);
    assert!(
        !stage
            .get("/tenants")
            .await
            .has(&format!("a[href=\"{PAGE}\"]"))
    );
}
