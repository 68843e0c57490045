//! What the first view weighs on the wire: the page and everything it loads, compressed.

use super::http::Connection;
use super::report::Report;
use super::serving::Serving;
use super::world::Fleet;

/// KiB.
const MOST: f64 = 60.0;

pub async fn run(fleet: &Fleet, report: &mut Report) {
    let portal = Serving::start(&["portal", &fleet.web_url, &fleet.keeper_url]);
    let mut browser = Connection::open(portal.address, &fleet.session).await;
    let encoded = "accept-encoding: gzip, br\r\n";
    let page = browser
        .get("/security/authentication-status", encoded)
        .await;
    let plain = browser.get("/security/authentication-status", "").await;
    let plain = String::from_utf8(plain.body).unwrap();
    let mut bytes = page.body.len();
    let mut files = 0;
    let mut assets: Vec<&str> = plain
        .split(['"', '\''])
        .filter(|word| word.starts_with("/static/"))
        .collect();
    assets.sort_unstable();
    assets.dedup();
    for asset in assets {
        let answer = browser.get(asset, encoded).await;
        assert_eq!(answer.status, 200, "{asset}");
        bytes += answer.body.len();
        files += 1;
    }
    println!(
        "first view: page {} bytes, {files} files, {bytes} bytes in all",
        page.body.len()
    );
    report.at_most("first_view_kib", bytes as f64 / 1024.0, MOST);
}
