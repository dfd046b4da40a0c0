//! Queues in combination with other limits on requests in flight.

use actix_web::{HttpRequest, HttpResponse, get, web};
use futures_util::future::{join3, join4};
use secure_runtime::secure;

use super::{Doors, world};

secure_runtime::policy! {
    pub(crate) two_together = (concurrency(2, by = endpoint, queue = 1, wait = "60s"));
}

/// One slot per caller, and two for all callers.
#[secure(use = crate::queues::limits::two_together, concurrency(1, queue = 1, wait = "60s"))]
#[get("/shared")]
pub(super) async fn shared(request: HttpRequest, doors: web::Data<Doors>) -> HttpResponse {
    doors.pass(&request).await
}

#[secure(public, concurrency(1, by = address, queue = 1, wait = "60s"))]
#[get("/named")]
pub(super) async fn named(request: HttpRequest, doors: web::Data<Doors>) -> HttpResponse {
    doors.pass(&request).await
}

#[actix_web::test]
async fn who_waits_for_their_own_limit_takes_nothing_of_what_all_share() {
    let world = world(|builder| builder);
    let rows = world.security.limits().statistics().concurrency;
    let of_shared: Vec<_> = rows.iter().filter(|row| row.endpoint.ends_with("::shared")).collect();
    let limits: Vec<&str> = of_shared.iter().map(|row| row.limit.as_str()).collect();
    let own = "1 at once queue 1 wait 60s";
    assert_eq!(limits, ["2 at once by endpoint queue 1 wait 60s", own]);
    let waiting = || {
        let rows = world.security.limits().statistics().concurrency;
        let of_shared = rows.into_iter().filter(|row| row.endpoint.ends_with("::shared"));
        of_shared.map(|row| (row.serving, row.waiting)).collect::<Vec<_>>()
    };
    let until = |expected: [(u64, u64); 2]| {
        let waiting = &waiting;
        async move {
            let start = std::time::Instant::now();
            while waiting() != expected {
                assert!(start.elapsed().as_secs() < 60, "waited in vain: {:?}", waiting());
                actix_web::rt::task::yield_now().await;
            }
        }
    };
    let [ada, grace, eve] = ["ada", "grace", "eve"].map(|name| world.caller(name));
    let ada = [ada.as_str(), "x-name: ada"];
    let tested = async {
        until([(1, 0), (1, 1)]).await;
        // One of the common slots is free, although Ada has sent two requests.
        let grace = async { world.server.get("/shared", &[&grace, "x-name: grace"]).await };
        let then = async {
            until([(2, 0), (2, 1)]).await;
            let eve = async { world.server.get("/shared", &[&eve, "x-name: eve"]).await };
            let then = async {
                // Eve has her own slot, and waits for a common one.
                until([(2, 1), (3, 1)]).await;
                assert_eq!(world.doors.came(), ["ada", "grace"]);
                world.doors.open(9);
            };
            futures_util::future::join(eve, then).await.0
        };
        futures_util::future::join(grace, then).await
    };
    let second = async {
        until([(1, 0), (1, 0)]).await;
        world.server.get("/shared", &ada).await
    };
    let first = world.server.get("/shared", &ada);
    let (first, second, (grace, eve)) = join3(first, second, tested).await;
    assert_eq!([first, second, grace, eve].map(|answer| answer.status), [200; 4]);
    assert_eq!(world.doors.came().len(), 4);
    assert_eq!(waiting(), [(0, 0), (0, 0)]);
}

#[actix_web::test]
async fn who_waits_counts_among_all_that_are_served() {
    let world = world(|builder| builder.max_in_flight(3));
    let ada = world.caller("ada");
    let tested = async {
        world.until("turns", |row| row.serving == 1 && row.waiting == 2).await;
        // Three slots are taken: another endpoint has none left, and refuses at once.
        let shed = world.server.get("/named", &[]).await;
        assert_eq!((shed.status, shed.header("retry-after")), (503, Some("1")));
        world.doors.open(9);
        world.until("turns", |row| row.serving == 0 && row.waiting == 0).await;
        assert_eq!(world.server.get("/named", &[]).await.status, 200);
    };
    let headers = [ada.as_str()];
    let (first, ..) = join4(
        world.server.get("/turns", &headers),
        world.after(0, "/turns", &headers),
        world.after(1, "/turns", &headers),
        tested,
    )
    .await;
    assert_eq!(first.status, 200);
}
