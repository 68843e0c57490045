//! The portal as it is, in a process of its own.

use secrecy::SecretString;
use tenantry::app::App;
use tenantry::clock::Clock;
use tenantry::domain::connection;
use tenantry::keeper;
use tenantry::storage::{self, PoolKind};
use tenantry::{web, workers};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// In the child: pages, workers and the listener, as `tenantry web` has them.
pub async fn child(web_url: &str, _keeper_url: &str) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let url = SecretString::from(web_url.to_owned());
    let app = App::rehearsal(
        storage::pool(&url, PoolKind::Web).unwrap(),
        Clock::system(),
        keeper::Client::channel(1).0,
        format!("http://{address}").parse().unwrap(),
    );
    let stop = CancellationToken::new();
    let (ear, heard) = connection::status_ear();
    let direct = storage::pool(&url, PoolKind::Command).unwrap();
    tokio::spawn(storage::listen(direct, vec![ear], stop.clone()));
    tokio::spawn(connection::tell_news(
        heard,
        app.pool.clone(),
        app.clock.clone(),
        app.status_news.clone(),
        stop.clone(),
    ));
    let _workers = workers::start(&app, &stop);
    println!("{address}");
    web::listen::serve(
        web::listen::Door::clear(listener),
        web::router(app),
        web::listen::Limits::default(),
        stop,
    )
    .await;
}
