//! Several real processes with one Redis.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use secure_tests::RedisServer;

use crate::prefix;

/// A process that sends this many requests.
fn process(redis: &RedisServer, prefix: &str, leases: u32, requests: u32) -> Child {
    Command::new(env!("CARGO_BIN_EXE_limited_instance"))
        .args([&redis.url(), prefix, &leases.to_string(), &requests.to_string()])
        .stdout(Stdio::piped())
        .spawn()
        .expect("an instance")
}

/// How many requests a process reported as admitted before it ended by itself.
fn admitted(mut process: Child) -> u32 {
    let lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let sum = lines.map(|line| line.unwrap().parse::<u32>().unwrap()).sum();
    assert!(process.wait().unwrap().success());
    sum
}

#[test]
fn without_leases_two_processes_admit_exactly_the_quota() {
    let (redis, prefix) = (RedisServer::shared(), prefix());
    let processes = [(); 2].map(|()| process(&redis, &prefix, 1, 2_000));
    assert_eq!(processes.map(admitted).iter().sum::<u32>(), 1_000);
}

#[test]
fn with_leases_two_processes_admit_no_more_and_lose_no_more_than_they_hold() {
    let (redis, prefix) = (RedisServer::shared(), prefix());
    let processes = [(); 2].map(|()| process(&redis, &prefix, 50, 4_000));
    let sum: u32 = processes.map(admitted).iter().sum();
    // Each process holds at most 100 permits.
    assert!((800..=1_000).contains(&sum), "{sum}");
}

#[test]
fn what_a_process_holds_that_is_killed_is_lost_and_not_doubled() {
    let (redis, prefix) = (RedisServer::shared(), prefix());
    let mut killed = process(&redis, &prefix, 50, 1_000_000);
    let mut lines = BufReader::new(killed.stdout.take().unwrap()).lines();
    let first: u32 = lines.by_ref().take(6).map(|line| line.unwrap().parse::<u32>().unwrap()).sum();
    killed.kill().unwrap();
    killed.wait().unwrap();
    // The requests that it had reported before it was killed.
    let rest: u32 = lines.map_while(Result::ok).filter_map(|line| line.parse::<u32>().ok()).sum();
    let known = first + rest;
    let later = admitted(process(&redis, &prefix, 1, 2_000));
    // It may have had fifty more requests admitted without reporting them, and held 100 permits.
    let sum = known + later;
    assert!((850..=1_000).contains(&sum), "{known} and {later}");
}
