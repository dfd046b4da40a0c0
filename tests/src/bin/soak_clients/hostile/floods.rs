//! Hostile clients with valid credentials that exceed their limits.

use std::collections::BTreeSet;
use std::io;
use std::rc::Rc;

use futures_util::future::join_all;

use super::{End, Target};
use crate::callers::hostile_address;
use crate::http1::Connection;
use crate::request::Request;

/// Sends twenty requests before it reads the first response. This is allowed, and all are answered.
pub(super) async fn pipelined(target: Rc<Target>, turn: u64) -> io::Result<End> {
    let all = Request::get("/ready").bytes().repeat(20);
    let statuses = answers(&target, turn, &all, 20).await?;
    Ok(if statuses == BTreeSet::from([200]) {
        End::did("20 times 200")
    } else {
        End::Failed(format!("answered {statuses:?}"))
    })
}

/// Sends orders of a hundred lines, at ten times the allowed rate.
pub(super) async fn above_rate(target: Rc<Target>, turn: u64) -> io::Result<End> {
    let lines = vec![r#"{"article":"apple","quantity":1}"#; 100].join(",");
    let request = Request::post("/orders", format!("{{\"lines\":[{lines}]}}"));
    let all = request.by(target.tokens.of("flood")).bytes().repeat(10);
    Ok(beyond(answers(&target, turn, &all, 10).await?))
}

/// Requests sixteen reports of half a second at once, for each of three callers.
pub(super) async fn at_once(target: Rc<Target>, turn: u64) -> io::Result<End> {
    let token = target.tokens.of(&format!("greedy-{}", turn % 3));
    let request = Request::post("/reports", r#"{"rows":500}"#).by(token).bytes();
    let all = join_all((0..16).map(|_| answers(&target, turn, &request, 1))).await;
    Ok(beyond(all.into_iter().flatten().flatten().collect()))
}

/// The attack has exceeded the limit if some of its requests were refused with 429.
fn beyond(statuses: BTreeSet<u16>) -> End {
    let text = format!("answered {statuses:?}");
    if statuses.contains(&429) { End::Did(text) } else { End::Failed(text) }
}

/// The statuses of this many responses.
async fn answers(
    target: &Target,
    turn: u64,
    bytes: &[u8],
    number: u32,
) -> io::Result<BTreeSet<u16>> {
    let mut connection = Connection::open(hostile_address(turn), target.http1).await?;
    connection.write(bytes).await?;
    let mut statuses = BTreeSet::new();
    for _ in 0..number {
        let answer = connection.answer().await?;
        statuses.insert(answer.status);
        if answer.is_last {
            break;
        }
    }
    Ok(statuses)
}
