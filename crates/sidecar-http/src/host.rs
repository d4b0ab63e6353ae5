//! The rule for the `Host` header, which keeps web pages from reaching a local server by DNS rebinding.

use std::net::{Ipv4Addr, Ipv6Addr};

/// Names under which the server may be addressed, besides `localhost` and every IP literal.
#[derive(Clone, Debug, Default)]
pub(crate) struct HostRule {
    names: Vec<String>,
}

impl HostRule {
    /// `name` must be a host name without a port; IP literals and `localhost` need no mention.
    pub(crate) fn allow(&mut self, name: &str) {
        let name = bare(name).to_ascii_lowercase();
        if !self.names.contains(&name) {
            self.names.push(name);
        }
    }

    /// Whether `host` (a `Host` value or a request target's authority) is one the server answers to, on any port.
    pub(crate) fn admits(&self, host: &str) -> bool {
        if let Some(rest) = host.strip_prefix('[') {
            return rest
                .split_once(']')
                .is_some_and(|(ip, port)| ip.parse::<Ipv6Addr>().is_ok() && is_port_suffix(port));
        }
        let (name, port) = host.split_at(host.find(':').unwrap_or(host.len()));
        is_port_suffix(port) && (name.parse::<Ipv4Addr>().is_ok() || self.knows(bare(name)))
    }

    fn knows(&self, name: &str) -> bool {
        name.eq_ignore_ascii_case("localhost")
            || self.names.iter().any(|known| known.eq_ignore_ascii_case(name))
    }
}

/// Whether `text` looks like a host name; it need not resolve.
pub(crate) fn is_name(text: &str) -> bool {
    let name = bare(text);
    !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'))
}

/// Without the dot that marks a fully qualified name.
fn bare(name: &str) -> &str {
    name.strip_suffix('.').unwrap_or(name)
}

/// Nothing, `:` or `:` and digits (RFC 3986, 3.2.3).
fn is_port_suffix(text: &str) -> bool {
    text.is_empty()
        || text.strip_prefix(':').is_some_and(|port| port.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn literals_localhost_and_allowed_names_pass_on_any_port() {
        let mut rule = HostRule::default();
        rule.allow("Sidecar.Internal.");
        for host in [
            "127.0.0.1",
            "127.0.0.1:8080",
            "10.1.2.3:1",
            "[::1]",
            "[::1]:8080",
            "[2001:db8::1]:443",
            "localhost",
            "LocalHost:9",
            "localhost.",
            "localhost:",
            "sidecar.internal",
            "SIDECAR.internal:80",
            "sidecar.internal.:80",
        ] {
            assert!(rule.admits(host), "{host}");
        }
    }

    #[test]
    fn everything_else_is_refused() {
        let mut rule = HostRule::default();
        rule.allow("sidecar");
        for host in [
            "",
            ".",
            ":80",
            "evil.example",
            "evil.example:8080",
            "localhost.evil.example",
            "evil-localhost",
            "sidecar.evil.example",
            "127.0.0.1.evil.example",
            "127.1",
            "0x7f000001",
            "::1",
            "[::1",
            "[::1]x",
            "[::1]:80x",
            "[127.0.0.1]",
            "[evil]",
            "localhost:80:80",
            "localhost:-1",
            "localhost, evil.example",
            "user@localhost",
            "localhost/",
            " localhost",
        ] {
            assert!(!rule.admits(host), "{host}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics_and_a_foreign_name_never_passes(host in "\\PC*", port in any::<u16>()) {
            let rule = HostRule::default();
            rule.admits(&host);
            let foreign = format!("{host}x.example:{port}");
            prop_assert!(!rule.admits(&foreign));
        }

        #[test]
        fn every_address_passes_with_its_port(address in any::<std::net::SocketAddr>()) {
            // `SocketAddr` writes an IPv6 scope, which a Host header cannot carry.
            let host = match address {
                std::net::SocketAddr::V4(v4) => v4.to_string(),
                std::net::SocketAddr::V6(v6) => format!("[{}]:{}", v6.ip(), v6.port()),
            };
            prop_assert!(HostRule::default().admits(&host));
        }
    }
}
