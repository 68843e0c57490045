//! Addresses that somebody typed: none leads to ourselves or to a network behind us, however it is written.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tenantry::outbound::guard::{Called, Guard, Lookup, Refused};
use tokio::net::TcpListener;

/// Whoever listens here hears nothing.
async fn trap(address: &str) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind(address).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let heard = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&heard);
    tokio::spawn(async move {
        while listener.accept().await.is_ok() {
            count.fetch_add(1, Ordering::Relaxed);
        }
    });
    (port, heard)
}

fn v4(ip: Ipv4Addr) -> Vec<String> {
    let [a, b, c, d] = ip.octets();
    let all = ip.to_bits();
    let (upper, lower) = (
        (u16::from(a) << 8) | u16::from(b),
        (u16::from(c) << 8) | u16::from(d),
    );
    vec![
        format!("{ip}"),
        format!("{all}"),
        format!("0x{all:08x}"),
        format!("0{all:o}"),
        format!("0x{a:x}.0x{b:x}.0x{c:x}.0x{d:x}"),
        format!("0{a:o}.0{b:o}.0{c:o}.0{d:o}"),
        format!("{a}.{}", all & 0x00ff_ffff),
        format!("{a}.{b}.{}", all & 0xffff),
        format!("{ip}."),
        format!("[::ffff:{ip}]"),
        format!("[::{ip}]"),
        format!("[64:ff9b::{ip}]"),
        format!("[64:ff9b:1::{ip}]"),
        format!("[2002:{upper:x}:{lower:x}::1]"),
        format!("[2001:0:{upper:x}:{lower:x}::1]"),
        format!("[2001:0:1:2:3:4:{:x}:{:x}]", !upper, !lower),
    ]
}

const NETWORKS_4: &[&str] = &[
    "127.0.0.1",
    "127.255.255.254",
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "100.127.255.254",
    "169.254.169.254",
    "169.254.0.1",
    "172.16.0.1",
    "172.31.255.254",
    "192.168.0.1",
    "192.168.255.254",
    "192.0.0.1",
    "192.0.2.1",
    "192.88.99.1",
    "198.18.0.1",
    "198.19.255.254",
    "198.51.100.7",
    "203.0.113.7",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "168.63.129.16",
];

const NETWORKS_6: &[&str] = &[
    "::",
    "::1",
    "::2",
    "fe80::1",
    "febf::1",
    "fec0::1",
    "fc00::1",
    "fd00:ec2::254",
    "fdff::1",
    "ff01::1",
    "ff02::1",
    "ff0e::1",
    "100::1",
    "2001:db8::1",
    "2001:10::1",
    "2001:2::1",
    "3fff::1",
    "5f00::1",
    "4000::1",
    "1::1",
    "::ffff:0:7f00:1",
];

const NAMES: &[&str] = &[
    "localhost",
    "LOCALHOST",
    "localhost.",
    "a.localhost",
    "printer.local",
    "metadata.google.internal",
    "db.internal",
    "router.lan",
    "nas.home.arpa",
    "intranet",
    "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ",
    "127。0。0。1",
    "１２７.0.0.1",
    "%6c%6f%63%61%6c%68%6f%73%74",
];

const ODD: &[&str] = &[
    "http://hooks.example.com/",
    "https://hooks.example.com:22/",
    "https://hooks.example.com:80/",
    "https://hooks.example.com:6379/",
    "https://u:p@hooks.example.com/",
    "https://u@hooks.example.com/",
    "https://8.8.8.8@127.0.0.1/",
    "https://127.0.0.1#@8.8.8.8/",
    "https://127.0.0.1\\@8.8.8.8/",
    "https:///127.0.0.1/",
    "https://[::1%25eth0]/",
    "gopher://127.0.0.1/",
    "file:///etc/passwd",
    "ftp://127.0.0.1/",
    "data:text/plain,x",
    "javascript:alert(1)",
    "//127.0.0.1/",
    "127.0.0.1",
    "",
    " ",
    "https://",
    "https://:443/",
    "https://\u{0}/",
    "jar:https://127.0.0.1!/",
    "dict://127.0.0.1:11211/",
    "ldap://127.0.0.1/",
    "unix:///var/run/docker.sock",
    "https://127.1/",
    "https://0/",
    "https://0x0/",
    "https://127.0.0.1:443:443/",
];

fn addresses() -> Vec<String> {
    let mut hosts: Vec<String> = Vec::new();
    for ip in NETWORKS_4 {
        hosts.extend(v4(ip.parse().unwrap()));
    }
    for ip in NETWORKS_6 {
        let ip: Ipv6Addr = ip.parse().unwrap();
        hosts.push(format!("[{ip}]"));
    }
    for name in NAMES {
        hosts.push((*name).to_owned());
    }
    let mut all: Vec<String> = hosts
        .iter()
        .map(|host| format!("https://{host}/"))
        .collect();
    all.extend(
        hosts
            .iter()
            .take(60)
            .map(|host| format!("https://{host}:8443/x")),
    );
    for odd in ODD {
        all.push((*odd).to_owned());
    }
    all
}

#[tokio::test]
async fn more_than_three_hundred_addresses_lead_nowhere() {
    let (_, heard) = trap("127.0.0.1:8443").await;
    let lookups = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&lookups);
    // Were a name looked up, it would be found here.
    let lookup: Lookup = Arc::new(move |_| {
        count.fetch_add(1, Ordering::Relaxed);
        Box::pin(async { vec![IpAddr::from(Ipv4Addr::LOCALHOST)] })
    });
    let guard = Guard::default().with_lookup(lookup);
    let all = addresses();
    assert!(all.len() > 300, "{}", all.len());
    for address in &all {
        let called = guard.post(address, &[], "{}".into()).await;
        assert!(
            matches!(called, Called::Refused(_)),
            "{address}: {called:?}"
        );
    }
    assert_eq!(heard.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_name_that_answers_otherwise_the_second_time_gains_nothing() {
    let (_, heard) = trap("127.0.0.2:8443").await;
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    // First an address of the world (where nobody is), then ours.
    let lookup: Lookup = Arc::new(move |_| {
        let turn = count.fetch_add(1, Ordering::Relaxed);
        Box::pin(async move {
            let ip = if turn == 0 {
                Ipv4Addr::new(8, 8, 8, 8)
            } else {
                Ipv4Addr::new(127, 0, 0, 2)
            };
            vec![IpAddr::from(ip)]
        })
    });
    let guard = Guard::default().with_lookup(lookup);
    let admitted = guard
        .admit("https://rebinding.example.com:8443/")
        .await
        .unwrap();
    assert_eq!(admitted.at().to_string(), "8.8.8.8:8443");
    assert_eq!(
        asked.load(Ordering::Relaxed),
        1,
        "resolved once, and called where it was found"
    );
    // Each attempt asks anew, and refuses what it finds now.
    let called = guard
        .post("https://rebinding.example.com:8443/", &[], "{}".into())
        .await;
    assert_eq!(called, Called::Refused(Refused::NotGlobal));
    assert_eq!(heard.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn the_connection_goes_to_the_address_that_was_looked_at() {
    let receiver = super::receiver::Receiver::start().await;
    // The name's other answer would be a trap; it is never asked for.
    let (_, heard) = trap("127.0.0.3:0").await;
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let lookup: Lookup = Arc::new(move |_| {
        count.fetch_add(1, Ordering::Relaxed);
        Box::pin(async { vec![IpAddr::from(Ipv4Addr::new(127, 0, 0, 3))] })
    });
    let guard = receiver.guard().with_lookup(lookup);
    let called = guard.post(&receiver.address(), &[], "{}".into()).await;
    assert!(called.is_ok(), "{called:?}");
    assert_eq!(asked.load(Ordering::Relaxed), 0);
    assert_eq!(heard.load(Ordering::Relaxed), 0);
}
