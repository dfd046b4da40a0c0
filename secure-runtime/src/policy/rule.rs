//! [`Rule`]: Boolean rules as constant data, printed in the syntax of `allow = …`.

use std::fmt;

/// A Boolean rule: a tree of conditions.
///
/// Prints in the syntax of the attribute's `allow`.
///
/// ```
/// use secure_runtime::__private::policies::Rule;
///
/// let rule = Rule::All(&[Rule::Role("staff"), Rule::Any(&[Rule::Scope("a"), Rule::Scope("b")])]);
/// assert_eq!(rule.to_string(), r#"role("staff") && (scope("a") || scope("b"))"#);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rule {
    /// The caller has this role.
    Role(&'static str),
    /// The caller's token has this scope.
    Scope(&'static str),
    /// The caller has this permission.
    Permission(&'static str),
    /// The authenticator of this name accepted the caller's credentials.
    Authenticator(&'static str),
    /// The client IP is in one of these networks (CIDR, RFC 4632 section 3.1).
    Address(&'static [&'static str]),
    /// The time is within these hours.
    Time(Hours),
    /// An expression of the application holds.
    Expression(Expression),
    /// The inner rule does not hold.
    Not(&'static Rule),
    /// Every inner rule holds; an empty list always holds.
    All(&'static [Rule]),
    /// At least one inner rule holds; an empty list never holds.
    Any(&'static [Rule]),
}

/// Hours of a week in a time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hours {
    /// One bit for each day; the lowest is Monday.
    pub days: u8,
    /// The first minute, counted from midnight.
    pub start: u16,
    /// The minute after the last one, at most 1440. If it is not after `start`, the hours end on the next
    /// day.
    pub end: u16,
    /// A name of the IANA Time Zone Database, `Europe/Berlin`, or `UTC`.
    pub zone: &'static str,
}

/// A `bool` expression of the application, evaluated by code that the attribute writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expression {
    /// Its index among the endpoint's expressions.
    pub index: u8,
    /// The inputs that must be extracted before it is evaluated.
    pub needs: Needs,
    /// The inputs that must be extracted before it must have a result. More than [`needs`](Self::needs) for a
    /// checker that takes arguments by their types: it is evaluated early, and returns whether it has to wait
    /// for the body.
    pub decided_with: Needs,
    /// Its source text.
    pub text: &'static str,
}

/// Which of a handler's arguments an expression uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Needs {
    /// None of them.
    #[default]
    Nothing,
    /// Arguments from the request's head: path, query, headers, resources.
    Arguments,
    /// Arguments from the request's body as well.
    Body,
}

impl Rule {
    /// Calls `visit` with every leaf of the tree.
    pub(crate) fn each_leaf<'a>(&'a self, visit: &mut impl FnMut(&'a Self)) {
        match self {
            Self::Not(rule) => rule.each_leaf(visit),
            Self::All(rules) | Self::Any(rules) => {
                rules.iter().for_each(|rule| rule.each_leaf(visit));
            }
            leaf => visit(leaf),
        }
    }

    fn is_list(&self) -> bool {
        matches!(self, Self::All([_, _, ..]) | Self::Any([_, _, ..]))
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Role(name) => write!(formatter, "role({name:?})"),
            Self::Scope(name) => write!(formatter, "scope({name:?})"),
            Self::Permission(name) => write!(formatter, "permission({name:?})"),
            Self::Authenticator(name) => write!(formatter, "authenticator({name:?})"),
            Self::Address([network]) => write!(formatter, "address in {network:?}"),
            Self::Address(networks) => write!(formatter, "address in {networks:?}"),
            Self::Time(hours) => write!(formatter, "time in \"{hours}\""),
            Self::Expression(expression) => formatter.write_str(expression.text),
            Self::All([]) => formatter.write_str("true"),
            Self::Any([]) => formatter.write_str("false"),
            Self::All(rules) => list(formatter, rules, " && "),
            Self::Any(rules) => list(formatter, rules, " || "),
            Self::Not(rule) => {
                formatter.write_str("!")?;
                let is_one = matches!(
                    rule,
                    Self::Role(_) | Self::Scope(_) | Self::Permission(_) | Self::Authenticator(_)
                );
                parenthesized(formatter, rule, !is_one)
            }
        }
    }
}

fn list(formatter: &mut fmt::Formatter<'_>, rules: &[Rule], operator: &str) -> fmt::Result {
    for (index, rule) in rules.iter().enumerate() {
        if index > 0 {
            formatter.write_str(operator)?;
        }
        let is_open = matches!(rule, Rule::Expression(_) | Rule::Address(_) | Rule::Time(_));
        parenthesized(formatter, rule, rules.len() > 1 && (rule.is_list() || is_open))?;
    }
    Ok(())
}

fn parenthesized(
    formatter: &mut fmt::Formatter<'_>,
    rule: &Rule,
    needs_parentheses: bool,
) -> fmt::Result {
    if needs_parentheses { write!(formatter, "({rule})") } else { write!(formatter, "{rule}") }
}

impl fmt::Display for Hours {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        const NAMES: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
        let days = NAMES.iter().enumerate().filter(|(day, _)| self.days & (1 << day) != 0);
        let days: Vec<&str> = days.map(|(_, name)| *name).collect();
        let clock = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
        let (start, end) = (clock(self.start), clock(self.end));
        write!(formatter, "{} {start}-{end} {}", days.join(","), self.zone)
    }
}
