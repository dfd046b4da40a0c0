//! Redis with several servers: a cluster, and a master with a replica and a Sentinel.

use std::path::PathBuf;

use crate::redis_server::{RedisServer, eventually, free_port};

/// A cluster of three masters on loopback, with a replica of the first.
pub struct RedisCluster {
    pub masters: Vec<RedisServer>,
    pub replica: RedisServer,
    _files: Files,
}

/// A master, a replica, and the Sentinel that watches them under the name `main`.
pub struct WatchedRedis {
    pub master: RedisServer,
    pub replica: RedisServer,
    pub sentinel: RedisServer,
    _files: Files,
}

/// The servers' files, removed when this is dropped.
struct Files(Vec<PathBuf>);

const SLOTS: usize = 16_384;

impl RedisCluster {
    pub fn start() -> Self {
        let mut files = Files(Vec::new());
        let nodes: Vec<(RedisServer, u16)> = (0..4).map(|_| node(&mut files)).collect();
        let (first, _) = nodes.first().expect("four nodes");
        for (index, (node, bus)) in nodes.iter().enumerate() {
            node.command(&["CLUSTER", "SET-CONFIG-EPOCH", &(index + 1).to_string()]);
            let port = node.port().to_string();
            first.command(&["CLUSTER", "MEET", "127.0.0.1", &port, &bus.to_string()]);
            if index < 3 {
                let range = [index * SLOTS / 3, (index + 1) * SLOTS / 3 - 1];
                let [from, to] = range.map(|slot| slot.to_string());
                node.command(&["CLUSTER", "ADDSLOTSRANGE", &from, &to]);
            }
        }
        let mut servers: Vec<RedisServer> = nodes.into_iter().map(|(node, _)| node).collect();
        let replica = servers.pop().expect("a fourth node");
        eventually("all nodes know each other", || {
            servers.iter().chain([&replica]).all(|node| {
                let info = node.command(&["CLUSTER", "INFO"]);
                info.contains("cluster_state:ok") && info.contains("cluster_known_nodes:4")
            })
        });
        let id = servers.first().expect("three masters").command(&["CLUSTER", "MYID"]);
        let id = id.lines().nth(1).expect("an id").to_owned();
        replica.command(&["CLUSTER", "REPLICATE", &id]);
        eventually("the replica follows", || {
            replica.command(&["INFO", "replication"]).contains("master_link_status:up")
        });
        Self { masters: servers, replica, _files: files }
    }
}

fn node(files: &mut Files) -> (RedisServer, u16) {
    let bus = free_port();
    let name = format!("secure-tests-{}-{bus}.nodes", std::process::id());
    files.0.push(std::env::temp_dir().join(&name));
    let bus_text = bus.to_string();
    let server = RedisServer::start_with(&[
        "--cluster-enabled",
        "yes",
        "--cluster-config-file",
        &name,
        "--cluster-port",
        &bus_text,
        "--cluster-node-timeout",
        "1000",
        "--cluster-require-full-coverage",
        "no",
    ]);
    (server, bus)
}

impl WatchedRedis {
    pub fn start() -> Self {
        let master = RedisServer::start();
        let replica = RedisServer::start();
        replica.command(&["REPLICAOF", "127.0.0.1", &master.port().to_string()]);
        eventually("the replica follows", || {
            replica.command(&["INFO", "replication"]).contains("master_link_status:up")
        });
        let name = format!("secure-tests-{}-{}.conf", std::process::id(), master.port());
        let path = std::env::temp_dir().join(name);
        let configuration = format!(
            "sentinel monitor main 127.0.0.1 {} 1\n\
             sentinel down-after-milliseconds main 500\n\
             sentinel failover-timeout main 3000\n",
            master.port()
        );
        std::fs::write(&path, configuration).expect("a file for the Sentinel");
        let shown = path.display().to_string();
        let files = Files(vec![path]);
        let sentinel = RedisServer::start_with(&[&shown, "--sentinel"]);
        eventually("the Sentinel knows the replica", || {
            let known = sentinel.command(&["SENTINEL", "REPLICAS", "main"]);
            known.contains(&replica.port().to_string())
        });
        Self { master, replica, sentinel, _files: files }
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        for file in &self.0 {
            // The file may not exist.
            let _ = std::fs::remove_file(file);
        }
    }
}
