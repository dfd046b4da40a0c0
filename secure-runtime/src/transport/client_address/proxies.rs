//! Configuration of trusted proxies and of the forwarding header that they write.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;

use super::entries::MOST_ENTRIES;
use crate::request::FieldName;

/// The proxies whose word about the client's address is taken, and the header they write.
///
/// ```
/// use secure_runtime::{ForwardingHeader, TrustedProxies};
///
/// // Their addresses are known: nginx in the same network, say.
/// let proxies = TrustedProxies::new(["10.0.0.0/8", "2001:db8::1"])?
///     .header(ForwardingHeader::Forwarded);
///
/// // Their number is known: one balancer of a cloud, which is somewhere in this network.
/// let balancer = TrustedProxies::hops(1).peers(["10.0.0.0/8"])?;
///
/// // A provider that writes a header of its own.
/// let provider = TrustedProxies::new(["173.245.48.0/20"])?
///     .header(ForwardingHeader::single("CF-Connecting-IP")?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct TrustedProxies {
    /// The peers whose header is read; `None`: any peer.
    networks: Option<Vec<IpNet>>,
    /// How many proxies there are; `None`: as many as there are addresses of the networks.
    pub(super) hops: Option<u8>,
    pub(super) header: ForwardingHeader,
    /// Whether they overwrite `X-Forwarded-Proto`, and `X-Forwarded-Host`.
    pub(super) overwrite_scheme: bool,
    pub(super) overwrite_host: bool,
}

/// The header in which a proxy passes on the client IP.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ForwardingHeader {
    /// `X-Forwarded-For`, the de facto standard.
    #[default]
    XForwardedFor,
    /// `Forwarded` (RFC 7239).
    Forwarded,
    /// A header of one address: [`single`](Self::single).
    Single(SingleHeader),
}

/// The name of a header that has one address and nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SingleHeader(FieldName);

/// A text that is neither an address nor a network in CIDR notation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidNetwork {
    text: String,
}

/// A name that is not that of a header of one address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidForwardingHeader {
    name: String,
}

impl fmt::Display for InvalidNetwork {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = &self.text;
        write!(formatter, "`{text}` is no network: expected an address or CIDR, as `10.0.0.0/8`")
    }
}

impl fmt::Display for InvalidForwardingHeader {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.name;
        write!(formatter, "`{name}` is no header of one address: expected a name as `X-Real-IP`")
    }
}

impl std::error::Error for InvalidNetwork {}
impl std::error::Error for InvalidForwardingHeader {}

impl ForwardingHeader {
    /// A header that the proxy overwrites with the client IP: `X-Real-IP`,
    /// `CF-Connecting-IP`, `True-Client-IP`, `Fly-Client-IP` or any other.
    ///
    /// The outermost proxy must set it on every request, and the others pass it on unchanged. If no proxy
    /// overwrites it, the client chooses it. It works with [`TrustedProxies::new`] only, because one
    /// address does not show how many proxies it has passed.
    ///
    /// ```
    /// use secure_runtime::ForwardingHeader;
    ///
    /// assert!(ForwardingHeader::single("CF-Connecting-IP").is_ok());
    /// assert!(ForwardingHeader::single("X-Forwarded-For").is_err());
    /// ```
    ///
    /// # Errors
    ///
    /// If the name is not that of a header (RFC 9110 section 5.1), or is one of the two headers that are lists.
    pub fn single(name: &str) -> Result<Self, InvalidForwardingHeader> {
        FieldName::parse(name)
            .filter(|name| !["x-forwarded-for", "forwarded"].contains(&name.as_str()))
            .map(|name| Self::Single(SingleHeader(name)))
            .ok_or_else(|| InvalidForwardingHeader { name: name.to_owned() })
    }
}

impl SingleHeader {
    pub(super) fn field(&self) -> &FieldName {
        &self.0
    }
}

impl TrustedProxies {
    /// Trusts these networks (`10.0.0.0/8`) and addresses (`2001:db8::1`), and reads
    /// `X-Forwarded-For` unless [`header`](Self::header) sets another one. The client is the first
    /// address from the right that is in none of them.
    ///
    /// # Errors
    ///
    /// The first text that is neither.
    pub fn new<T: AsRef<str>>(
        networks: impl IntoIterator<Item = T>,
    ) -> Result<Self, InvalidNetwork> {
        Ok(Self { networks: Some(parsed(networks)?), ..Self::anybody() })
    }

    /// Trusts exactly this number of proxies in front of the program, 1 to 32, with any addresses: for
    /// proxies with unknown addresses, and for a proxy that connects through a Unix socket.
    /// Each must append to the header; the client is the entry of this number from the right.
    ///
    /// **A client that reaches the program without the proxies chooses its address.** So also set
    /// [`peers`](Self::peers), if anything is known about them. If the number is too large, every client
    /// chooses its address; if it is too small, a proxy counts as the client.
    ///
    /// Another number, or a header of one address, is a startup error.
    #[must_use]
    pub fn hops(count: u8) -> Self {
        Self { hops: Some(count), ..Self::anybody() }
    }

    fn anybody() -> Self {
        Self {
            networks: None,
            hops: None,
            header: ForwardingHeader::default(),
            overwrite_scheme: false,
            overwrite_host: false,
        }
    }

    /// Reads the header only from peers in these networks, and keeps the number of
    /// [`hops`](Self::hops). Any other peer is the client.
    ///
    /// # Errors
    ///
    /// The first text that is neither a network nor an address.
    pub fn peers<T: AsRef<str>>(
        mut self,
        networks: impl IntoIterator<Item = T>,
    ) -> Result<Self, InvalidNetwork> {
        self.networks = Some(parsed(networks)?);
        Ok(self)
    }

    /// Sets the one header that the proxies write.
    #[must_use]
    pub fn header(mut self, header: ForwardingHeader) -> Self {
        self.header = header;
        self
    }

    /// Takes the request's scheme from `X-Forwarded-Proto`: the outermost proxy overwrites it on every
    /// request, and the others pass it on unchanged.
    ///
    /// Without this call the header is ignored, because a proxy that does not overwrite it passes on the
    /// client's. With [`ForwardingHeader::Forwarded`] it is not needed: the scheme is the
    /// `proto` of the entry that names the client (RFC 7239 section 5.4).
    #[must_use]
    pub fn overwrite_scheme(mut self) -> Self {
        self.overwrite_scheme = true;
        self
    }

    /// Takes the request's host from `X-Forwarded-Host`, under the same condition. With
    /// [`ForwardingHeader::Forwarded`] it is the `host` of the entry that names the client (RFC 7239
    /// section 5.3).
    #[must_use]
    pub fn overwrite_host(mut self) -> Self {
        self.overwrite_host = true;
        self
    }

    /// The mistake in the configuration, if there is one.
    pub(crate) fn fault(&self) -> Option<String> {
        let hops = self.hops?;
        if hops == 0 || usize::from(hops) > MOST_ENTRIES {
            return Some(format!(
                "`TrustedProxies::hops` expects 1 to {MOST_ENTRIES}, found {hops}"
            ));
        }
        let ForwardingHeader::Single(name) = &self.header else { return None };
        let name = name.field().as_str();
        Some(format!(
            "`TrustedProxies::hops` counts the entries of a list, and `{name}` has one address: \
             name the proxies' networks with `TrustedProxies::new`"
        ))
    }

    /// Whether their addresses are known.
    pub(in crate::transport) fn are_named(&self) -> bool {
        self.networks.is_some()
    }

    /// Whether this peer's header is read.
    pub(super) fn trusts_peer(&self, peer: Option<IpAddr>) -> bool {
        match &self.networks {
            Some(_) => peer.is_some_and(|address| self.trusts(address)),
            None => !matches!(self.header, ForwardingHeader::Single(_)),
        }
    }

    /// Whether this is a trusted proxy's address.
    pub(in crate::transport) fn trusts(&self, address: IpAddr) -> bool {
        self.networks.iter().flatten().any(|network| network.contains(&address))
    }
}

fn parsed<T: AsRef<str>>(
    networks: impl IntoIterator<Item = T>,
) -> Result<Vec<IpNet>, InvalidNetwork> {
    networks.into_iter().map(|text| network(text.as_ref())).collect()
}

fn network(text: &str) -> Result<IpNet, InvalidNetwork> {
    IpNet::from_str(text)
        .or_else(|_| IpAddr::from_str(text).map(IpNet::from))
        .map(canonical_network)
        .map_err(|_| InvalidNetwork { text: text.to_owned() })
}

/// Addresses are compared in their canonical form, so networks of mapped ones are too.
fn canonical_network(network: IpNet) -> IpNet {
    let IpAddr::V4(address) = network.addr().to_canonical() else { return network };
    let prefix = if network.addr().is_ipv6() { 96 } else { 0 };
    let length = network.prefix_len().checked_sub(prefix);
    length.and_then(|length| IpNet::new(address.into(), length).ok()).unwrap_or(network)
}
