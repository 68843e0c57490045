//! Which addresses are on the public internet. Pure; by the special-purpose registries of IANA.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// IPv4 networks that are not: address and length of the prefix.
const V4: [([u8; 4], u32); 20] = [
    ([0, 0, 0, 0], 8),
    ([10, 0, 0, 0], 8),
    ([100, 64, 0, 0], 10),
    ([127, 0, 0, 0], 8),
    ([169, 254, 0, 0], 16),
    ([172, 16, 0, 0], 12),
    ([192, 0, 0, 0], 24),
    ([192, 0, 2, 0], 24),
    ([192, 31, 196, 0], 24),
    ([192, 52, 193, 0], 24),
    ([192, 88, 99, 0], 24),
    ([192, 168, 0, 0], 16),
    ([192, 175, 48, 0], 24),
    ([198, 18, 0, 0], 15),
    ([198, 51, 100, 0], 24),
    ([203, 0, 113, 0], 24),
    // The address by which virtual machines of Azure reach their host.
    ([168, 63, 129, 16], 32),
    ([224, 0, 0, 0], 4),
    ([240, 0, 0, 0], 4),
    ([255, 255, 255, 255], 32),
];

/// Global unicast is `2000::/3`; of it these are not.
const V6: [([u16; 8], u32); 7] = [
    // Protocol assignments with Teredo, benchmarking, ORCHID.
    ([0x2001, 0, 0, 0, 0, 0, 0, 0], 23),
    ([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32),
    // 6to4.
    ([0x2002, 0, 0, 0, 0, 0, 0, 0], 16),
    ([0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0], 48),
    ([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20),
    // What was the 6bone.
    ([0x3ffe, 0, 0, 0, 0, 0, 0, 0], 16),
    // Not given out.
    ([0x3f00, 0, 0, 0, 0, 0, 0, 0], 9),
];

/// Whether a packet to this address leaves for the public internet, whatever way it is written. IPv6 addresses that carry an
/// IPv4 one (mapped, NAT64, 6to4, Teredo) are not among the global ones.
pub fn is_global(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_global_v4(ip),
        IpAddr::V6(ip) => is_global_v6(ip),
    }
}

fn is_global_v4(ip: Ipv4Addr) -> bool {
    let bits = ip.to_bits();
    !V4.iter().any(|(network, length)| {
        let mask = u32::MAX << (32 - length);
        bits & mask == Ipv4Addr::from(*network).to_bits() & mask
    })
}

fn is_global_v6(ip: Ipv6Addr) -> bool {
    let bits = ip.to_bits();
    let is_in = |network: [u16; 8], length: u32| {
        let mask = u128::MAX << (128 - length);
        bits & mask == Ipv6Addr::from(network).to_bits() & mask
    };
    is_in([0x2000, 0, 0, 0, 0, 0, 0, 0], 3)
        && !V6.iter().any(|(network, length)| is_in(*network, *length))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is(text: &str) -> bool {
        is_global(text.parse().unwrap())
    }

    #[test]
    fn the_edges_of_each_network_are_where_they_are() {
        for (inside, outside) in [
            ("10.255.255.255", "11.0.0.0"),
            ("100.64.0.0", "100.63.255.255"),
            ("100.127.255.255", "100.128.0.0"),
            ("127.0.0.1", "126.255.255.255"),
            ("169.254.169.254", "169.253.255.255"),
            ("172.31.255.255", "172.32.0.0"),
            ("192.168.0.0", "192.167.255.255"),
            ("198.19.255.255", "198.20.0.0"),
            ("224.0.0.0", "223.255.255.255"),
            ("0.0.0.0", "1.0.0.0"),
            ("2001:db8::1", "2001:db9::1"),
            ("2002::1", "2003::1"),
            ("2001:1ff:ffff::", "2001:200::"),
        ] {
            assert!(!is(inside), "{inside}");
            assert!(is(outside), "{outside}");
        }
    }

    #[test]
    fn addresses_that_carry_others_are_not_global() {
        for ip in [
            "::1",
            "::",
            "::ffff:127.0.0.1",
            "::ffff:8.8.8.8",
            "::8.8.8.8",
            "64:ff9b::8.8.8.8",
            "64:ff9b:1::1",
            "2002:7f00:1::",
            "2001:0:4136:e378:8000:63bf:3fff:fdd2",
            "fe80::1",
            "fec0::1",
            "fc00::1",
            "fd12:3456::1",
            "ff02::1",
            "100::1",
            "5f00::1",
            "3fff::1",
        ] {
            assert!(!is(ip), "{ip}");
        }
        assert!(is("2606:4700:4700::1111") && is("2a00:1450:4001::1"));
    }
}
