//! `engines`: compares the decision of a rule with those of policy engines that evaluate at run time.

use std::hint::black_box;

use benches::Failure;
use benches::row::Row;
use benches::timing::side_by_side;
use casbin::{CoreApi, DefaultModel, Enforcer, MemoryAdapter, MgmtApi};
use cedar_policy::{Authorizer, Context, Decision, Entities, EntityUid, PolicySet, Request};
use secure_runtime::__private::policies::{CompiledRule, Rule, RuleSet};
use secure_runtime::Principal;

const RULE: Rule = Rule::Any(&[
    Rule::All(&[Rule::Role("clerk"), Rule::Scope("orders:write")]),
    Rule::Permission("orders:manage"),
]);

const DECISIONS: usize = 2_000;

fn main() -> Result<(), Failure> {
    let caller = Principal::builder("ada").role("clerk").scope("orders:write").build();
    let rule = RuleSet::new([&RULE]).compile(&RULE);
    print("policy/decision_cedar", "Cedar, five policies", cedar(&rule, &caller)?)?;
    print("policy/decision_casbin", "Casbin, 100 rules", casbin(&rule, &caller)?)
}

fn print(
    name: &'static str,
    peer_name: &'static str,
    (ours, peer): (f64, f64),
) -> Result<(), Failure> {
    Row { name, unit: "ns", ours, peer, peer_name }.print()
}

fn beside(
    rule: &CompiledRule,
    caller: &Principal,
    peer: &mut dyn FnMut() -> bool,
) -> Result<(f64, f64), Failure> {
    if !rule.holds(caller) || !peer() {
        return Err("one of the two refuses what it should admit".into());
    }
    Ok(side_by_side(
        21,
        DECISIONS,
        &mut || (0..DECISIONS).for_each(|_| _ = black_box(rule.holds(black_box(caller)))),
        &mut || (0..DECISIONS).for_each(|_| _ = black_box(peer())),
    ))
}

/// Five policies, of which one permits the request; the caller's roles are its parent entities.
fn cedar(rule: &CompiledRule, caller: &Principal) -> Result<(f64, f64), Failure> {
    let policies: PolicySet = r#"
        permit(principal in Role::"clerk", action == Action::"write", resource)
            when { context.scopes.contains("orders:write") };
        permit(principal in Role::"manager", action, resource);
        permit(principal in Role::"auditor", action == Action::"read", resource);
        forbid(principal in Role::"suspended", action, resource);
        permit(principal == User::"root", action, resource);
    "#
    .parse()?;
    let entities = Entities::from_json_str(
        r#"[
            {"uid": {"type": "User", "id": "ada"}, "attrs": {},
             "parents": [{"type": "Role", "id": "clerk"}]},
            {"uid": {"type": "Role", "id": "clerk"}, "attrs": {}, "parents": []}
        ]"#,
        None,
    )?;
    let authorizer = Authorizer::new();
    let uid = |text: &str| -> Result<EntityUid, Failure> { Ok(text.parse()?) };
    let (principal, action, resource) =
        (uid("User::\"ada\"")?, uid("Action::\"write\"")?, uid("Orders::\"all\"")?);
    let scopes = Context::from_json_str(r#"{"scopes": ["orders:write"]}"#, None)?;
    let request = Request::new(principal, action, resource, scopes, None)?;
    beside(rule, caller, &mut || {
        authorizer.is_authorized(&request, &policies, &entities).decision() == Decision::Allow
    })
}

/// A hundred rules for roles, as in Casbin's own benchmarks.
fn casbin(rule: &CompiledRule, caller: &Principal) -> Result<(f64, f64), Failure> {
    const MODEL: &str = "
        [request_definition]
        r = sub, obj, act
        [policy_definition]
        p = sub, obj, act
        [role_definition]
        g = _, _
        [policy_effect]
        e = some(where (p.eft == allow))
        [matchers]
        m = g(r.sub, p.sub) && r.obj == p.obj && r.act == p.act
    ";
    let enforcer = actix_rt::System::new().block_on(async {
        let model = DefaultModel::from_str(MODEL).await?;
        let mut enforcer = Enforcer::new(model, MemoryAdapter::default()).await?;
        let owned = |words: [&str; 3]| words.map(str::to_owned).to_vec();
        let rules = (0..100).map(|number| owned([&format!("role{number}"), "orders", "write"]));
        enforcer.add_policies(rules.collect()).await?;
        enforcer.add_grouping_policy(vec!["ada".to_owned(), "role50".to_owned()]).await?;
        Ok::<_, Failure>(enforcer)
    })?;
    beside(rule, caller, &mut || enforcer.enforce(("ada", "orders", "write")).unwrap_or(false))
}
