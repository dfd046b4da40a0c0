//! `Display` of the inventory: a table.

use std::fmt;

use super::{AuthenticationOff, Inventory, Row};
use crate::support::text_table;

/// The largest widths of the columns. A longer word makes its column wider.
const WIDTHS: [usize; 7] = [8, 40, 40, 40, 40, 16, 40];

impl fmt::Display for Inventory {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let header = ["METHOD", "PATH", "ACCESS", "RULE", "LIMITS", "VALIDATED", "WHERE"];
        let cells = self.rows.iter().map(|row| {
            let dash =
                |text: &str| if text.is_empty() { String::from("-") } else { text.to_owned() };
            [
                dash(row.method.as_deref().unwrap_or_default()),
                match &*row.mounted {
                    [] => dash(row.path.unwrap_or_default()),
                    mounted => mounted.join("\n"),
                },
                [&*row.access, &*row.step_up]
                    .into_iter()
                    .filter(|it| !it.is_empty())
                    .collect::<Vec<_>>()
                    .join(", "),
                dash(&rule_and_actions(row)),
                dash(&row.limits.join("\n")),
                dash(&validation(row)),
                format!("{}\n{}:{}", row.handler, row.file, row.line),
            ]
        });
        let table: Vec<[String; 7]> =
            std::iter::once(header.map(str::to_owned)).chain(cells).collect();
        text_table::write(formatter, &text_table::wrapped(&table, WIDTHS))?;
        let layered = self.rows.iter().filter(|row| !row.layers.is_empty());
        for (index, row) in layered.enumerate() {
            if index == 0 {
                writeln!(formatter, "\npolicies of several layers, the widest first:")?;
            }
            let (method, path) = (row.method.as_deref().unwrap_or("-"), row.path.unwrap_or("-"));
            writeln!(formatter, "{method} {path} {}", row.handler)?;
            row.layers.iter().try_for_each(|layer| writeln!(formatter, "  {layer}"))?;
        }
        let mut in_scopes = self.rows.iter().flat_map(|row| &row.scope_policies).peekable();
        if in_scopes.peek().is_some() {
            writeln!(formatter, "\npolicies of scopes, the widest first:")?;
        }
        in_scopes.try_for_each(|policy| writeln!(formatter, "  {policy}"))?;
        let exceptions = self.rows.iter().flat_map(|row| {
            let (method, path) = (row.method.as_deref(), row.path);
            let place: Vec<&str> = method.into_iter().chain(path).chain([&*row.handler]).collect();
            let place = place.join(" ");
            row.exceptions.iter().map(move |exception| format!("  {place}: {exception}"))
        });
        for (index, exception) in exceptions.enumerate() {
            if index == 0 {
                writeln!(formatter, "\nexceptions, with their reasons:")?;
            }
            writeln!(formatter, "{exception}")?;
        }
        if !self.idle_roles.is_empty() {
            writeln!(formatter, "\nroles that open no endpoint: {}", self.idle_roles.join(", "))?;
        }
        for off in &self.authentication_off {
            match off {
                AuthenticationOff::Open { open_to_everybody_as: caller, reason } => writeln!(
                    formatter,
                    "\nAUTHENTICATION IS OFF, every request is served as `{caller}`: {reason}"
                )?,
                AuthenticationOff::Absent { absent_authenticator: name, reason } => {
                    writeln!(formatter, "\nabsent authenticator `{name}`: {reason}")?;
                }
            }
        }
        Ok(())
    }
}

/// The rule, the actions of the application's own policy, and `hide`.
fn rule_and_actions(row: &Row) -> String {
    let actions = row.actions.iter().map(|action| format!("action {action:?}"));
    let rule = Some(row.rule.clone()).filter(|rule| !rule.is_empty());
    let hides = row.hides.then(|| String::from("hide"));
    rule.into_iter().chain(actions).chain(hides).collect::<Vec<_>>().join(", ")
}

/// Which bodies are validated, and which are not.
fn validation(row: &Row) -> String {
    let own = row.validates.iter().map(|name| (*name).to_owned());
    let others = row.validated_by.iter().map(|it| it.replacen(": ", " by ", 1));
    let name = |it: &String| it.split(": ").next().unwrap_or_default().to_owned();
    let not = row.unvalidated.iter().map(|it| format!("not {}", name(it)));
    own.chain(others).chain(not).collect::<Vec<_>>().join(", ")
}
