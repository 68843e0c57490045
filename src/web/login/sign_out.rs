//! `/logout`: the end of a login. Works for everybody, also when the login has ended already.

use axum::extract::State;
use axum::http::HeaderValue;
use axum::response::{IntoResponse, Redirect, Response};
use tower_sessions::Session;

use crate::app::App;
use crate::domain::audit::Entry;
use crate::domain::op::Op;
use crate::web::kit::error::WebResult;
use crate::web::kit::peer::Asker;
use crate::web::kit::{paths, viewer};

pub async fn submit(State(app): State<App>, asker: Asker, session: Session) -> WebResult<Response> {
    if let Some(technician) = viewer::signed_in(&session).await? {
        let mut op = Op::begin(&app.pool, &app.clock, technician.acting_from(asker.ip))
            .await?
            .for_request(&asker.request_id);
        Entry::new("technician.signed_out")
            .object("technician", technician.id)
            .write(&mut op)
            .await?;
        op.commit().await?;
    }
    session.flush().await?;
    let mut response = Redirect::to(paths::LOGIN).into_response();
    // Nothing of a signed-in page stays in this browser (W3C Clear Site Data).
    response.headers_mut().insert(
        "clear-site-data",
        HeaderValue::from_static(r#""cache", "cookies", "storage""#),
    );
    Ok(response)
}
