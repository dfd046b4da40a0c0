//! Handlers with the same name: in two modules, and in the bodies of two functions of one module.

use actix_web::dev::HttpServiceFactory;
use actix_web::{HttpResponse, get, web};
use secure_runtime::secure;
use secure_runtime::throttling::LimitMode;
use secure_tests::RedisServer;

use crate::Runs;
use crate::shared_instances::{Instance, prefix, refused, store};

mod orders {
    use super::*;

    #[secure(rate = "2/d")]
    #[get("")]
    pub(super) async fn all(runs: web::Data<Runs>) -> HttpResponse {
        runs.count();
        HttpResponse::Ok().finish()
    }
}

mod customers {
    use super::*;

    #[secure(rate = "2/d")]
    #[get("")]
    pub(super) async fn all(runs: web::Data<Runs>) -> HttpResponse {
        runs.count();
        HttpResponse::Ok().finish()
    }
}

fn nested() -> impl HttpServiceFactory {
    #[secure(rate = "2/d")]
    #[get("")]
    async fn all(runs: web::Data<Runs>) -> HttpResponse {
        runs.count();
        HttpResponse::Ok().finish()
    }
    secure_runtime::scope("/nested").service(all)
}

fn other_nested() -> impl HttpServiceFactory {
    #[secure(rate = "2/d")]
    #[get("")]
    async fn all(runs: web::Data<Runs>) -> HttpResponse {
        runs.count();
        HttpResponse::Ok().finish()
    }
    secure_runtime::scope("/other").service(all)
}

fn services(runs: web::Data<Runs>) -> impl HttpServiceFactory {
    web::scope("")
        .app_data(runs)
        .service(secure_runtime::scope("/orders").service(orders::all))
        .service(secure_runtime::scope("/customers").service(customers::all))
        .service(nested())
        .service(other_nested())
}

#[actix_web::test]
async fn each_counts_for_itself_and_has_a_name_of_its_own() {
    let redis = RedisServer::shared();
    let one = Instance::start(module_path!(), store(&redis, &prefix()), services);
    for path in ["/orders", "/customers", "/nested", "/other"] {
        for _ in 0..2 {
            assert_eq!(one.ask(path, "ada").await.status, 200, "{path}");
        }
        refused(&one.ask(path, "ada").await);
    }
    let limits = one.security.limits();
    let rows = limits.statistics().limits;
    let ids: Vec<&str> =
        rows.iter().filter_map(|row| row.id.as_str().split("same_names::").nth(1)).collect();
    assert_eq!(ids, ["all/1", "all#2/1", "customers::all/1", "orders::all/1"]);
    assert!(rows.iter().all(|row| (row.allowed, row.refused) == (2, 1)));
    // A change of one handler's limit does not change the other's.
    limits.set_mode(&rows[0].id, LimitMode::Observe).unwrap();
    assert_eq!(one.ask("/nested", "ada").await.status, 200);
    refused(&one.ask("/other", "ada").await);
}
