//! Grants in Cedar: fixed policies, and one linked template for each grant.

use std::collections::HashMap;
use std::future::ready;
use std::sync::{PoisonError, RwLock};

use cedar_policy::{
    Authorizer, Context, Decision, Entities, EntityId, EntityTypeName, EntityUid, PolicyId,
    PolicySet, Request, SlotId, Template,
};

use crate::grants::{Answer, Failure, Grant, Grants};

/// The fixed policies. In Cedar `forbid` overrides every grant.
const POLICIES: &str = r#"
    forbid(principal, action, resource == Document::"archive") unless { action == Action::"documents:read" };
"#;

pub struct CedarGrants {
    policies: RwLock<PolicySet>,
    authorizer: Authorizer,
}

impl CedarGrants {
    pub fn new() -> Result<Self, Failure> {
        let policies = RwLock::new(POLICIES.parse()?);
        Ok(Self { policies, authorizer: Authorizer::new() })
    }

    fn decide(&self, asked: &Grant) -> Result<bool, Failure> {
        let [principal, action, resource] = entities(asked)?;
        let request = Request::new(principal, action, resource, Context::empty(), None)?;
        let policies = self.policies.read().unwrap_or_else(PoisonError::into_inner);
        let answer = self.authorizer.is_authorized(&request, &policies, &Entities::empty());
        match answer.diagnostics().errors().next() {
            // Fail closed: the policy that could not be evaluated may be a `forbid`.
            Some(error) => Err(error.to_string().into()),
            None => Ok(answer.decision() == Decision::Allow),
        }
    }

    fn set(&self, grant: &Grant, is_granted: bool) -> Result<(), Failure> {
        let mut policies = self.policies.write().unwrap_or_else(PoisonError::into_inner);
        // A template has no slot for the action, so each action needs a template of its own.
        let [principal, action, resource] = entities(grant)?;
        let template = PolicyId::new(format!("template {action}"));
        if policies.template(&template).is_none() {
            let text = format!(
                "permit(principal == ?principal, action == {action}, resource == ?resource);"
            );
            policies.add_template(Template::parse(Some(template.clone()), text)?)?;
        }
        let id = PolicyId::new(grant.to_string());
        let is_there = policies.policy(&id).is_some();
        if is_granted && !is_there {
            let values =
                HashMap::from([(SlotId::principal(), principal), (SlotId::resource(), resource)]);
            policies.link(template, id, values)?;
        } else if !is_granted && is_there {
            policies.unlink(id)?;
        }
        Ok(())
    }
}

impl Grants for CedarGrants {
    fn permits<'a>(&'a self, asked: &'a Grant) -> Answer<'a, bool> {
        Box::pin(ready(self.decide(asked)))
    }

    fn change<'a>(&'a self, grant: &'a Grant, is_granted: bool) -> Answer<'a, ()> {
        Box::pin(ready(self.set(grant, is_granted)))
    }
}

/// Text from clients becomes entity ids, never policy text: a client cannot inject a policy.
fn entities(grant: &Grant) -> Result<[EntityUid; 3], Failure> {
    let entity = |kind: &str, name: &str| -> Result<EntityUid, Failure> {
        let kind: EntityTypeName = kind.parse()?;
        Ok(EntityUid::from_type_name_and_id(kind, EntityId::new(name)))
    };
    Ok([
        entity("User", &grant.subject)?,
        entity("Action", &grant.action)?,
        entity("Document", &grant.document)?,
    ])
}
