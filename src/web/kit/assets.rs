//! Styles, scripts and pictures: files of ours, compiled into the binary, addressed by content so that browsers may keep them.

use axum::Router;
use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use rust_embed::{EmbeddedFile, RustEmbed};

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

/// Serves the files; the version in the address is not compared, so that a page of the former release still gets its styles.
pub fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route("/static/{version}/{*name}", get(serve))
        .route(
            "/favicon.ico",
            get(|| serve(Path((String::new(), "logo.svg".to_owned())))),
        )
}

async fn serve(Path((_, name)): Path<(String, String)>) -> Response {
    let Some(file) = Files::get(&name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let headers = [
        (header::CONTENT_TYPE, file.metadata.mimetype().to_owned()),
        (
            header::CACHE_CONTROL,
            "public, max-age=31536000, immutable".to_owned(),
        ),
    ];
    (headers, file.data).into_response()
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
