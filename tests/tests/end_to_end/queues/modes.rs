//! Limits on requests in flight in shadow mode, or enforced only for some keys.

use std::collections::BTreeSet;

use actix_web::rt::task::yield_now;
use actix_web::{HttpRequest, HttpResponse, get, web};
use futures_util::future::{join, join_all};
use secure_runtime::secure;
use secure_runtime::throttling::LimitMode;

use super::{Doors, World, world};

#[secure(concurrency(1, queue = 1, wait = "60s", mode = observe))]
#[get("/observed")]
pub(super) async fn observed(request: HttpRequest, doors: web::Data<Doors>) -> HttpResponse {
    doors.pass(&request).await
}

#[secure(concurrency(1, mode = "40%"))]
#[get("/some")]
pub(super) async fn some(request: HttpRequest, doors: web::Data<Doors>) -> HttpResponse {
    doors.pass(&request).await
}

impl World {
    /// Sends two requests of each of these callers at once, and returns which callers were refused one.
    async fn refused_of(&self, path: &str, callers: &[String]) -> BTreeSet<usize> {
        self.doors.open(0);
        self.doors.came.lock().unwrap().clear();
        let refused = std::cell::RefCell::new(BTreeSet::new());
        let answered = std::cell::Cell::new(0);
        let one = async |place: usize, caller: &str| {
            let answer = self.server.get(path, &[caller]).await;
            answered.set(answered.get() + 1);
            match answer.status {
                429 => drop(refused.borrow_mut().insert(place)),
                status => assert_eq!(status, 200),
            }
        };
        let both = callers
            .iter()
            .enumerate()
            .flat_map(|(place, caller)| [(place, caller), (place, caller)]);
        let all = join_all(both.map(|(place, caller)| one(place, caller)));
        let opened = async {
            // Refused requests have their response, and all others have reached the handler.
            while answered.get() + self.doors.came().len() < callers.len() * 2 {
                yield_now().await;
            }
            self.doors.open(usize::MAX);
        };
        join(all, opened).await;
        refused.into_inner()
    }
}

#[actix_web::test]
async fn beyond_an_observed_limit_nobody_waits_or_is_refused_and_all_is_counted() {
    let world = world(|builder| builder);
    let callers = ["ada", "grace"].map(|name| world.caller(name));
    assert!(world.refused_of("/observed", &callers).await.is_empty());
    let row = world.row("observed");
    assert_eq!((row.observed, row.refused, row.queued, row.serving), (2, 0, 0, 0));
    assert_eq!((row.mode, row.limit.as_str()), (LimitMode::Observe, "1 at once queue 1 wait 60s"));
    let inventory = world.security.inventory().to_string();
    assert!(inventory.contains("1 at once queue 1 wait 60s observed"), "{inventory}");
    // From now on the second request of each caller waits.
    world.security.limits().set_mode(&row.id, LimitMode::Enforce).unwrap();
    let tested = async {
        world.until("observed", |row| row.waiting == 1).await;
        world.doors.open(usize::MAX);
    };
    world.doors.open(0);
    let headers = [callers[0].as_str()];
    let second = world.after(0, "/observed", &headers);
    let first = world.server.get("/observed", &headers);
    let (first, second, ()) = futures_util::future::join3(first, second, tested).await;
    assert_eq!((first.status, second.status, world.row("observed").observed), (200, 200, 2));
}

#[actix_web::test]
async fn who_waits_is_served_at_once_when_the_limit_becomes_an_observed_one() {
    let world = world(|builder| builder);
    let id = world.row("observed").id;
    world.security.limits().set_mode(&id, LimitMode::Enforce).unwrap();
    world.doors.open(0);
    let ada = world.caller("ada");
    let headers = [ada.as_str()];
    let tested = async {
        world.until("observed", |row| row.waiting == 1).await;
        world.security.limits().set_mode(&id, LimitMode::Observe).unwrap();
        // The first request is still being served.
        world.until("observed", |row| row.waiting == 0 && row.serving == 2).await;
        while world.doors.came().len() < 2 {
            yield_now().await;
        }
        world.doors.open(usize::MAX);
    };
    let second = world.after(0, "/observed", &headers);
    let first = world.server.get("/observed", &headers);
    let (first, second, ()) = futures_util::future::join3(first, second, tested).await;
    assert_eq!((first.status, second.status), (200, 200));
    let row = world.row("observed");
    assert_eq!((row.serving, row.waiting, row.expired, row.left), (0, 0, 0, 0));
}

#[actix_web::test]
async fn a_percentage_refuses_the_same_callers_each_time_and_a_larger_one_more() {
    let world = world(|builder| builder);
    let callers: Vec<String> =
        (0..40).map(|number| world.caller(&format!("caller {number}"))).collect();
    let first = world.refused_of("/some", &callers).await;
    assert!((5..=28).contains(&first.len()), "{first:?}");
    assert_eq!(world.refused_of("/some", &callers).await, first);
    let row = world.row("some");
    assert_eq!((row.refused, row.observed), (2 * first.len() as u64, 80 - 2 * first.len() as u64));
    world.security.limits().set_mode(&row.id, LimitMode::Percent(70)).unwrap();
    let more = world.refused_of("/some", &callers).await;
    assert!(first.is_subset(&more) && more.len() > first.len(), "{more:?}");
    assert_eq!(world.row("some").serving, 0);
}

#[actix_web::test]
async fn the_configuration_observes_what_does_not_say_that_it_refuses() {
    let world = world(|builder| builder.limit_mode(LimitMode::Observe));
    let callers = [world.caller("ada")];
    assert!(world.refused_of("/ruled", &callers).await.is_empty());
    assert_eq!(world.row("ruled").observed, 1);
    assert_eq!(world.row("some").mode, LimitMode::Percent(40), "the stricter holds");
}
