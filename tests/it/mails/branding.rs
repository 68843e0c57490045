//! "Branding": the MSP's name, logo and colour as customers see them.

use reqwest::Method;
use tenantry::domain::technician::Role;

use super::stage::Stage;
use crate::support::browser::Browser;
use crate::support::page::Page;

const BRANDING: &str = "/configuration/branding";

/// A black picture.
fn png(width: u32, height: u32) -> Vec<u8> {
    let mut out = Vec::new();
    let picture = image::DynamicImage::new_rgb8(width, height);
    let mut cursor = std::io::Cursor::new(&mut out);
    picture
        .write_to(&mut cursor, image::ImageFormat::Png)
        .unwrap();
    out
}

async fn send(browser: &Browser, file: &[u8]) -> Page {
    let mut body = b"--edge\r\nContent-Disposition: form-data; name=\"logo\"; filename=\"../../x.svg\"\r\nContent-Type: image/svg+xml\r\n\r\n".to_vec();
    body.extend_from_slice(file);
    body.extend_from_slice(b"\r\n--edge--\r\n");
    let request = browser
        .request(Method::POST, "/configuration/branding/logo")
        .header("sec-fetch-site", "same-origin")
        .header("content-type", "multipart/form-data; boundary=edge")
        .body(body);
    browser.send(request).await
}

#[tokio::test]
async fn name_colour_and_contact_reach_the_page_and_the_mail() {
    let stage = Stage::set().await;
    let admin = stage.app.login(Role::Admin).await;
    let brand = [
        ("display_name", "Nord & <Wind>"),
        ("legal_name", "Nordwind GmbH"),
        ("contact", "Service desk: +49 30 1234567"),
        ("accent", "#8A1C5E"),
    ];
    assert_eq!(admin.post(BRANDING, &brand).await.status, 303);
    stage.queued(&stage.mail().await).await;
    stage.sweep().await;
    let mail = stage.received().remove(0);
    assert!(mail.subject.starts_with("Nord & <Wind> asks you"));
    assert!(mail.html.contains("background:#8a1c5e"));
    assert!(mail.text.contains("+49 30 1234567"));
    let base = stage.app.app.site.base_url.as_str();
    let link = mail.link();
    let page = stage
        .app
        .browser()
        .get(link.split_at(base.len() - 1).1)
        .await;
    let text = page.text();
    assert!(text.contains("Nord & <Wind> asks for access"), "{text}");
    assert!(text.contains("Nordwind GmbH") && text.contains("+49 30 1234567"));
    let sheet = stage.app.browser().get("/brand/colour/8a1c5e").await;
    assert_eq!(sheet.header("content-type"), "text/css; charset=utf-8");
    assert!(page.body.contains("/brand/colour/8a1c5e"));
    for wrong in ["8a1c5", "8a1c5e;", "8a1c5g"] {
        let address = format!("/brand/colour/{wrong}");
        assert_eq!(stage.app.browser().get(&address).await.status, 404);
    }
}

#[tokio::test]
async fn a_colour_on_which_nobody_can_read_is_refused() {
    let stage = Stage::set().await;
    let admin = stage.app.login(Role::Admin).await;
    let pale = [("display_name", "Nordwind"), ("accent", "#ffdd00")];
    let page = admin.post(BRANDING, &pale).await;
    assert_eq!(page.status, 422);
    assert!(page.field_error("accent").contains("contrast"));
    assert_eq!(page.value("display_name"), "Nordwind");
}

#[tokio::test]
async fn a_logo_is_served_as_our_own_png_until_it_is_removed() {
    let stage = Stage::set().await;
    let admin = stage.app.login(Role::Admin).await;
    let mut file = png(300, 100);
    file.extend_from_slice(b"<script>alert(1)</script>");
    assert_eq!(send(&admin, &file).await.status, 303);
    let page = admin.get(BRANDING).await;
    let address = page.attributes("img.msp-logo", "src").remove(0);
    let logo = stage.app.browser().get(&address).await;
    assert_eq!(
        (logo.status, logo.header("content-type")),
        (200, "image/png")
    );
    assert!(!logo.body.contains("<script>"));
    stage.queued(&stage.mail().await).await;
    stage.sweep().await;
    let base = stage.app.app.site.base_url.as_str();
    let mailed = format!("{}{address}", base.trim_end_matches('/'));
    assert!(stage.received()[0].html.contains(&mailed));
    let removed = admin
        .post("/configuration/branding/logo/removal", &[])
        .await;
    assert_eq!(removed.status, 303);
    assert_eq!(stage.app.browser().get(&address).await.status, 404);
}

#[tokio::test]
async fn what_is_no_picture_or_too_large_is_refused_and_the_old_logo_stays() {
    let stage = Stage::set().await;
    let admin = stage.app.login(Role::Admin).await;
    assert_eq!(send(&admin, &png(10, 10)).await.status, 303);
    let svg: &[u8] = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>";
    let polyglot = [b"GIF89a/*".as_slice(), &png(4, 4)].concat();
    let wide = png(1_025, 2);
    let bomb = png(8_000, 1_000);
    for (file, told) in [
        (svg, "Only PNG and JPEG"),
        (polyglot.as_slice(), "Only PNG and JPEG"),
        (wide.as_slice(), "1024"),
        (bomb.as_slice(), "1024"),
        (b"\x89PNG\r\n\x1a\nnothing", "cannot be read"),
        (b"", "Choose a file"),
    ] {
        let page = send(&admin, file).await;
        assert_eq!(page.status, 422, "{told}");
        let error = page.text_of("#logo-error");
        assert!(error.contains(told), "{error}");
    }
    for kib in [260, 1_900] {
        let page = send(&admin, &vec![7; kib * 1024]).await;
        assert!(page.text_of("#logo-error").contains("256 KiB"), "{kib} KiB");
    }
    assert_eq!(send(&admin, &vec![7; 3 * 1024 * 1024]).await.status, 413);
    assert!(admin.get(BRANDING).await.has("img.msp-logo"));
    assert_eq!(
        stage
            .app
            .login(Role::Technician)
            .await
            .get(BRANDING)
            .await
            .status,
        403
    );
}
