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
        (header::CONTENT_TYPE, file.metadata.mimetype()),
        (header::CACHE_CONTROL, keep),
    ];
    (headers, file.data.clone()).into_response()
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
}
