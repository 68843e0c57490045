//! Styles, scripts and pictures: files of ours, compiled into the binary, addressed by content so that browsers may keep them.

use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use rust_embed::{EmbeddedFile, RustEmbed};

use super::policy::Policy;
use super::routes::Routes;

#[derive(RustEmbed)]
#[folder = "static/"]
struct Files;

/// The address of a file under `static/`, with a part of its SHA-256: it changes when the file does.
pub fn url(name: &str) -> String {
    match Files::get(name) {
        Some(file) => format!("/static/{}/{name}", version(&file)),
        None => format!("/static/missing/{name}"),
    }
}

fn version(file: &EmbeddedFile) -> String {
    let hash = file.metadata.sha256_hash();
    hex::encode(hash.get(..8).unwrap_or_default())
}

/// Serves the files. An address with another version than ours (a page of the release before or after, while both run)
/// gets our file too, but no browser keeps it under that name.
pub fn router() -> Routes {
    Routes::new()
        .get("/static/{version}/{*name}", Policy::Public, serve)
        .get("/favicon.ico", Policy::Public, || {
            serve(Path((String::new(), "logo.svg".to_owned())))
        })
}

async fn serve(Path((asked, name)): Path<(String, String)>) -> Response {
    let Some(file) = Files::get(&name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let keep = if asked == version(&file) {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let headers = [
        (header::CONTENT_TYPE, content_type(file.metadata.mimetype())),
        (header::CACHE_CONTROL, keep.to_owned()),
    ];
    (headers, file.data.clone()).into_response()
}

/// The type with its character set where it is text: browsers would guess one.
fn content_type(mime: &str) -> String {
    if mime.starts_with("text/") || mime.ends_with("xml") {
        format!("{mime}; charset=utf-8")
    } else {
        mime.to_owned()
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_files_address_names_its_content() {
        let address = super::url("css/base.css");
        assert!(
            address.starts_with("/static/") && !address.contains("missing"),
            "{address}"
        );
    }

    #[test]
    fn text_says_its_character_set() {
        for name in ["css/base.css", "js/copy.js", "logo.svg"] {
            let file = super::Files::get(name).unwrap();
            let kind = super::content_type(file.metadata.mimetype());
            assert!(kind.ends_with("; charset=utf-8"), "{name}: {kind}");
        }
        assert_eq!(super::content_type("image/png"), "image/png");
    }
}
