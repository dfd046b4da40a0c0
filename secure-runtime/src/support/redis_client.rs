//! Connections to Redis or Valkey: to one server, through Sentinels, or to a cluster. All requests share a
//! connection.

use std::fmt;
use std::time::Duration;

use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::cluster::ClusterClient;
use redis::cluster_async::ClusterConnection;
use redis::sentinel::{SentinelClient, SentinelNodeConnectionInfo, SentinelServerType};
use redis::{
    AsyncConnectionConfig, Client, Cmd, ConnectionAddr, ConnectionInfo, IntoConnectionInfo,
    RedisResult, TlsMode, Value,
};
use tokio::sync::Mutex;

/// An address that is not a Redis address. It is not shown, because it may contain a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NoAddress;

/// The kind of deployment.
pub(crate) enum Place {
    Single(Box<Client>),
    /// The Sentinels are queried for each connection, because they name another server after a failover.
    Sentinel(Box<Mutex<SentinelClient>>),
    Cluster(Box<ClusterClient>),
}

/// A connection that any number of requests can use at once. A clone is another handle to it.
#[derive(Clone)]
pub(crate) enum Link {
    Single(MultiplexedConnection),
    Cluster(ClusterConnection),
}

/// One server, for connections of any kind.
pub(crate) fn client(address: &str) -> Result<Client, NoAddress> {
    Client::open(address).map_err(|_| NoAddress)
}

impl Place {
    pub(crate) fn single(address: &str) -> Result<Self, NoAddress> {
        client(address).map(|client| Self::Single(Box::new(client)))
    }

    /// `servers` is the address of the servers, with the name that the Sentinels use for them in place of the
    /// host.
    pub(crate) fn sentinel(sentinels: &[&str], servers: &str) -> Result<Self, NoAddress> {
        let servers = servers.into_connection_info().map_err(|_| NoAddress)?;
        let (name, tls) = match servers.addr() {
            ConnectionAddr::Tcp(name, _) => (name.clone(), None),
            ConnectionAddr::TcpTls { host, .. } => (host.clone(), Some(TlsMode::Secure)),
            _ => return Err(NoAddress),
        };
        let mut node = SentinelNodeConnectionInfo::default()
            .set_redis_connection_info(servers.redis_settings().clone());
        if let Some(tls) = tls {
            node = node.set_tls_mode(tls);
        }
        let sentinels = infos(sentinels)?;
        SentinelClient::build(sentinels, name, Some(node), SentinelServerType::Master)
            .map(|client| Self::Sentinel(Box::new(Mutex::new(client))))
            .map_err(|_| NoAddress)
    }

    /// `nodes` are some nodes of the cluster; the others are discovered.
    pub(crate) fn cluster(nodes: &[&str]) -> Result<Self, NoAddress> {
        // Moved slots are found by retrying. Every caller has its own deadline.
        let client = ClusterClient::builder(infos(nodes)?).retries(8).min_retry_wait(1);
        let client = client.max_retry_wait(20).build().map_err(|_| NoAddress)?;
        Ok(Self::Cluster(Box::new(client)))
    }

    /// A new connection. Its work runs on the runtime that awaits this call.
    pub(crate) async fn connect(&self, within: Duration) -> RedisResult<Link> {
        // Every caller has its own timeout for a response.
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(within))
            .set_response_timeout(None);
        match self {
            Self::Single(client) => {
                client.get_multiplexed_async_connection_with_config(&config).await.map(Link::Single)
            }
            Self::Sentinel(client) => {
                let mut client = client.lock().await;
                client.get_async_connection_with_config(&config).await.map(Link::Single)
            }
            Self::Cluster(client) => client.get_async_connection().await.map(Link::Cluster),
        }
    }
}

impl Link {
    /// Sends one command, and returns its response.
    pub(crate) async fn ask(&mut self, command: &Cmd) -> RedisResult<Value> {
        match self {
            Self::Single(connection) => connection.req_packed_command(command).await,
            Self::Cluster(connection) => connection.req_packed_command(command).await,
        }?
        .extract_error()
    }
}

fn infos(addresses: &[&str]) -> Result<Vec<ConnectionInfo>, NoAddress> {
    if addresses.is_empty() {
        return Err(NoAddress);
    }
    addresses.iter().map(|address| address.into_connection_info().map_err(|_| NoAddress)).collect()
}

impl fmt::Display for NoAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the address is not one of Redis")
    }
}
