//! Grants in Casbin: a model with roles, and policies that are added and removed.

use casbin::{CoreApi, DefaultModel, Enforcer, MemoryAdapter, MgmtApi};
use tokio::sync::RwLock;

use crate::grants::{Answer, Failure, Grant, Grants};

/// Access control lists with roles: `g, ada, editors` gives Ada the grants of `editors`.
const MODEL: &str = "
    [request_definition]
    r = sub, act, obj
    [policy_definition]
    p = sub, act, obj
    [role_definition]
    g = _, _
    [policy_effect]
    e = some(where (p.eft == allow))
    [matchers]
    m = g(r.sub, p.sub) && r.act == p.act && r.obj == p.obj
";

pub struct CasbinGrants(RwLock<Enforcer>);

impl CasbinGrants {
    /// An enforcer in memory; a real application passes the adapter of its database.
    pub async fn new() -> Result<Self, Failure> {
        let model = DefaultModel::from_str(MODEL).await?;
        let enforcer = Enforcer::new(model, MemoryAdapter::default()).await?;
        Ok(Self(RwLock::new(enforcer)))
    }
}

impl Grants for CasbinGrants {
    fn permits<'a>(&'a self, asked: &'a Grant) -> Answer<'a, bool> {
        Box::pin(async {
            let Grant { subject, action, document } = asked;
            Ok(self.0.read().await.enforce((subject, action, document))?)
        })
    }

    fn change<'a>(&'a self, grant: &'a Grant, is_granted: bool) -> Answer<'a, ()> {
        Box::pin(async move {
            let Grant { subject, action, document } = grant.clone();
            let policy = vec![subject, action, document];
            let mut enforcer = self.0.write().await;
            match is_granted {
                true => enforcer.add_policy(policy).await?,
                false => enforcer.remove_policy(policy).await?,
            };
            Ok(())
        })
    }
}
