//! Limits on requests in flight that are changed while requests are served and queued.

use std::num::NonZeroU32;
use std::time::Duration;

use actix_web::rt::task::yield_now;
use actix_web::{HttpRequest, HttpResponse, get, web};
use futures_util::future::{join, join_all, join3};
use secure_runtime::operations::{Limit, LimitChangeError, LimitId, LimitKind, Queue};
use secure_runtime::secure;
use secure_runtime::throttling::{LimitMode, Quota};

use super::{Doors, World, world};

#[secure(concurrency(1, queue = 2, wait = "60s"))]
#[get("/room")]
pub(super) async fn room(request: HttpRequest, doors: web::Data<Doors>) -> HttpResponse {
    doors.pass(&request).await
}

#[secure(concurrency = 3)]
#[get("/wide")]
pub(super) async fn wide(request: HttpRequest, doors: web::Data<Doors>) -> HttpResponse {
    doors.pass(&request).await
}

#[secure(concurrency(1, queue = 100, wait = "60s"), rate = "1000/min", failures = "9/min")]
#[get("/busy")]
pub(super) async fn busy() -> HttpResponse {
    for _ in 0..20 {
        yield_now().await;
    }
    HttpResponse::Ok().finish()
}

impl World {
    fn set_permits(&self, handler: &str, permits: u32) {
        let limits = self.security.limits();
        limits.set_permits(&self.row(handler).id, permits.try_into().unwrap()).unwrap();
    }

    fn set_queue(&self, handler: &str, queue: Option<(u32, Duration)>) {
        let queue = queue.map(|(places, wait)| self::queue(places, wait));
        self.security.limits().set_queue(&self.row(handler).id, queue).unwrap();
    }

    async fn serving(&self, handler: &str, serving: u64, waiting: u64) {
        self.until(handler, |row| (row.serving, row.waiting) == (serving, waiting)).await;
    }
}

fn queue(places: u32, wait: Duration) -> Queue {
    Queue::new(places.try_into().unwrap(), wait)
}

const MINUTE: Duration = Duration::from_secs(60);

#[actix_web::test]
async fn where_more_may_be_served_those_who_wait_are_at_once() {
    let world = world(|builder| builder);
    let ada = world.caller("ada");
    let headers = [ada.as_str()];
    let tested = async {
        world.serving("room", 1, 2).await;
        world.set_permits("room", 2);
        world.serving("room", 2, 1).await;
        // The slot belongs to the queued request: a new one waits behind it, or is refused if the queue is full.
        world.set_queue("room", Some((1, MINUTE)));
        let refused = world.server.get("/room", &headers).await;
        assert_eq!(refused.problem(429)["violated-policies"], serde_json::json!(["2 at once"]));
        assert_eq!(world.row("room").limit, "2 at once queue 1 wait 60s");
        world.set_permits("room", 3);
        world.serving("room", 3, 0).await;
        while world.doors.came().len() < 3 {
            yield_now().await;
        }
        world.doors.open(9);
    };
    let first = world.server.get("/room", &headers);
    let others = [0, 1].map(|waiting| world.after(waiting, "/room", &headers));
    let (first, others, ()) = join3(first, join_all(others), tested).await;
    assert!(first.status == 200 && others.iter().all(|answer| answer.status == 200));
    let row = world.row("room");
    assert_eq!((row.serving, row.waiting, row.refused, row.left), (0, 0, 1, 0));
    // The inventory still shows the values of the attribute.
    assert!(world.security.inventory().to_string().contains("1 at once queue 2 wait 60s"));
}

#[actix_web::test]
async fn where_fewer_may_be_served_nobody_is_until_so_many_have_ended() {
    let world = world(|builder| builder);
    let ada = world.caller("ada");
    let headers = [ada.as_str()];
    let served = join_all((0..3).map(|_| world.server.get("/wide", &headers)));
    let tested = async {
        world.serving("wide", 3, 0).await;
        while world.doors.came().len() < 3 {
            yield_now().await;
        }
        world.set_permits("wide", 1);
        for left in [3, 2, 1] {
            world.serving("wide", left, 0).await;
            let refused = world.server.get("/wide", &headers).await;
            assert_eq!(refused.problem(429)["violated-policies"], serde_json::json!(["1 at once"]));
            world.doors.open(4 - left as usize);
        }
        world.serving("wide", 0, 0).await;
        world.doors.open(9);
        assert_eq!(world.server.get("/wide", &headers).await.status, 200);
    };
    let (served, ()) = join(served, tested).await;
    assert!(served.iter().all(|answer| answer.status == 200), "who was served still is");
    assert_eq!((world.row("wide").refused, world.doors.came().len()), (3, 4));
}

#[actix_web::test]
async fn a_queue_comes_and_goes_and_who_waits_stays() {
    let world = world(|builder| builder);
    let ada = world.caller("ada");
    let headers = [ada.as_str()];
    world.set_permits("wide", 1);
    world.set_queue("wide", Some((2, MINUTE)));
    assert_eq!(world.row("wide").limit, "1 at once queue 2 wait 60s");
    let tested = async {
        world.serving("wide", 1, 1).await;
        world.set_queue("wide", None);
        assert_eq!(world.row("wide").limit, "1 at once");
        assert_eq!(world.server.get("/wide", &headers).await.status, 429);
        // A new request waits for a millisecond.
        world.set_queue("wide", Some((2, Duration::from_millis(1))));
        assert_eq!(world.server.get("/wide", &headers).await.status, 429);
        let row = world.row("wide");
        assert_eq!((row.waiting, row.expired, row.refused), (1, 1, 2));
        world.doors.open(9);
    };
    let first = world.server.get("/wide", &headers);
    let second = world.after(0, "/wide", &headers);
    let (first, second, ()) = join3(first, second, tested).await;
    assert_eq!((first.status, second.status), (200, 200));
}

#[actix_web::test]
async fn whatever_changes_meanwhile_everybody_is_served_in_the_end() {
    let world = world(|builder| builder);
    let ada = world.caller("ada");
    let headers = [ada.as_str()];
    let left = std::cell::Cell::new(60);
    let ask = async || {
        let answer = world.server.get("/busy", &headers).await;
        left.set(left.get() - 1);
        answer.status
    };
    let all = join_all((0..60).map(|_| ask()));
    let changes = async {
        let mut permits = (1..=4).cycle();
        while left.get() > 0 {
            world.set_permits("busy", permits.next().unwrap());
            yield_now().await;
        }
    };
    let (statuses, ()) = join(all, changes).await;
    assert_eq!(statuses, [200; 60]);
    let row = world.row("busy");
    assert_eq!((row.serving, row.waiting, row.refused), (0, 0, 0));
}

#[actix_web::test]
async fn every_limit_has_a_handle_that_reads_and_changes_it() {
    let world = world(|builder| builder);
    let limits = world.security.limits();
    let is_busy = |it: &Limit<'_>| it.handlers().iter().any(|it| it.ends_with("changes::busy"));
    let found: Vec<_> = limits.iter().filter(is_busy).collect();
    let shown: Vec<_> = found.iter().map(|it| (it.kind(), it.text())).collect();
    let expected = [
        (LimitKind::Rate, "1000/min"),
        (LimitKind::Concurrency, "1 at once queue 100 wait 60s"),
        (LimitKind::FailureBudget, "failures 9/min"),
    ];
    assert_eq!(shown, expected.map(|(kind, text)| (kind, text.to_owned())));
    for limit in &found {
        let row = serde_json::to_value(limit.statistics()).unwrap();
        assert_eq!(row["id"], limit.id().as_str());
        assert_eq!(limits.get(limit.id()).unwrap().text(), limit.text());
        limit.set_mode(LimitMode::Observe).unwrap();
        assert_eq!(limit.mode(), LimitMode::Observe);
    }
    let [rate, concurrency, budget] = &found[..] else { panic!("{found:?}") };
    rate.set_quota("5/s".parse().unwrap()).unwrap();
    concurrency.set_permits(NonZeroU32::new(7).unwrap()).unwrap();
    concurrency.set_queue(None).unwrap();
    budget.set_quota("3/h".parse().unwrap()).unwrap();
    let texts = [rate, concurrency, budget].map(|it| it.text());
    assert_eq!(texts, ["5/s", "7 at once", "failures 3/h"]);
}

#[actix_web::test]
async fn what_cannot_be_is_refused_and_changes_nothing() {
    let world = world(|builder| builder);
    let limits = world.security.limits();
    let (one, id) = (NonZeroU32::MIN, world.row("busy").id);
    let endpoint = id.as_str().strip_suffix("/concurrency/1").unwrap();
    let of = |text: &str| text.parse::<LimitId>().unwrap();
    let (rate, budget) = (of(&format!("{endpoint}/1")), of(&format!("{endpoint}/failures/1")));
    let some = Some(queue(1, MINUTE));
    let unknown = |id: &LimitId| LimitChangeError::UnknownLimit(id.clone());
    assert_eq!(limits.set_quota(&id, Quota::per_second(one)), Err(LimitChangeError::Concurrency));
    for id in [rate, budget] {
        assert_eq!(limits.set_permits(&id, one), Err(LimitChangeError::Rate), "{id}");
        assert_eq!(limits.set_queue(&id, some), Err(LimitChangeError::NoQueue), "{id}");
    }
    for id in ["nobody/concurrency/1", endpoint].map(of) {
        assert_eq!(limits.set_permits(&id, one), Err(unknown(&id)));
        assert_eq!(limits.set_queue(&id, some), Err(unknown(&id)));
    }
    // Values that the attribute does not accept.
    for (places, wait) in [
        (10_001, MINUTE),
        (1, MINUTE + Duration::from_millis(1)),
        (1, Duration::ZERO),
        (1, Duration::from_micros(999)),
    ] {
        let wrong = queue(places, wait);
        assert_eq!(limits.set_queue(&id, Some(wrong)), Err(LimitChangeError::InvalidQueue(wrong)));
    }
    let told = LimitChangeError::InvalidQueue(queue(10_001, MINUTE)).to_string();
    assert_eq!(told, "a queue has 1 to 10000 places and a wait of 1ms to 60s, found 10001 and 60s");
    assert_eq!(world.row("busy").limit, "1 at once queue 100 wait 60s");
    limits.set_queue(&id, Some(queue(10_000, Duration::from_millis(1)))).unwrap();
    assert_eq!(world.row("busy").limit, "1 at once queue 10000 wait 1ms");
}
