//! The demo's post room: a mail server and a receiver of webhooks on this machine, which take what the demo sends into the
//! world, and a page that shows it. Nothing leaves the machine, and what came is forgotten when the demo stops.

mod hooks;
mod letter;
mod page;
mod shelf;
mod smtp;

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use anyhow::Context;
use tokio::net::TcpListener;

use crate::clock::Clock;

pub use hooks::Hooks;
use shelf::Shelf;

/// Where the page stands unless somebody else is there.
const USUAL: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8401);
/// Mail and webhooks come from this machine alone, at any port.
const HERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// A running post room; it ends with the program.
pub struct PostRoom {
    page: SocketAddr,
    smtp: SocketAddr,
    shelf: Shelf,
}

impl PostRoom {
    /// Take mail, and show what came at `listen`; unless given, at the usual port if it is free, else at any.
    pub async fn open(listen: Option<SocketAddr>, clock: Clock) -> anyhow::Result<Self> {
        let shelf = Shelf::new(clock);
        let mail = TcpListener::bind(HERE).await?;
        let page = match TcpListener::bind(listen.unwrap_or(USUAL)).await {
            Err(error) if listen.is_none() && error.kind() == ErrorKind::AddrInUse => {
                TcpListener::bind(HERE).await
            }
            bound => bound,
        }
        .context("the post room cannot listen; name another place with --post-listen")?;
        let room = Self {
            page: page.local_addr()?,
            smtp: mail.local_addr()?,
            shelf: shelf.clone(),
        };
        tokio::spawn(smtp::serve(mail, shelf.clone()));
        tokio::spawn(async move { axum::serve(page, page::router(shelf)).await });
        Ok(room)
    }

    /// Where the page is.
    pub fn page(&self) -> SocketAddr {
        self.page
    }

    /// The port of the mail server.
    pub fn smtp_port(&self) -> u16 {
        self.smtp.port()
    }

    /// Take webhooks as well.
    pub async fn take_hooks(
        &self,
        ca_dir: &std::path::Path,
        usual_port: Option<u16>,
    ) -> anyhow::Result<Hooks> {
        Hooks::open(self.shelf.clone(), ca_dir, usual_port).await
    }
}
