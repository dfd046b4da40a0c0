//! The index of a scope: a tree of path segments that finds the services that may answer a path.

use std::collections::HashMap;

use super::template::{Segment, Template};

/// The numbers of services by the paths that they may answer.
#[derive(Debug, Default)]
pub(super) struct Index {
    root: Node,
}

#[derive(Debug, Default)]
struct Node {
    literal: HashMap<Box<str>, Node, ahash::RandomState>,
    any: Option<Box<Node>>,
    /// Services whose template ends here.
    ends: Vec<u32>,
    /// Services whose template matches any continuation from here.
    open: Vec<u32>,
}

impl Index {
    pub(super) fn insert(&mut self, pattern: &str, is_prefix: bool, number: u32) {
        let template = Template::parse(pattern, is_prefix);
        let mut node = &mut self.root;
        for segment in template.segments {
            node = match segment {
                Segment::Literal(text) => node.literal.entry(text.into()).or_default(),
                Segment::Any => node.any.get_or_insert_default(),
            };
        }
        let numbers = if template.is_open { &mut node.open } else { &mut node.ends };
        if numbers.last() != Some(&number) {
            numbers.push(number);
        }
    }

    /// The services that may answer the path, in the order of their numbers.
    pub(super) fn find(&self, path: &str) -> Candidates {
        let mut found = Candidates::default();
        self.root.collect(Some(path), &mut found);
        found.sort();
        found
    }
}

impl Node {
    /// `rest` is the path after this node's segment; `None` if the path ends here.
    fn collect(&self, rest: Option<&str>, found: &mut Candidates) {
        found.extend(&self.open);
        let Some(rest) = rest else {
            found.extend(&self.ends);
            return;
        };
        let (segment, rest) = match rest.split_once('/') {
            Some((segment, rest)) => (segment, Some(rest)),
            None => (rest, None),
        };
        if let Some(node) = self.literal.get(segment) {
            node.collect(rest, found);
        }
        if let Some(node) = &self.any {
            node.collect(rest, found);
        }
    }
}

/// A list of numbers; short lists need no allocation.
#[derive(Debug, Default)]
pub(super) struct Candidates {
    few: [u32; FEW],
    count: usize,
    many: Vec<u32>,
}

const FEW: usize = 8;

impl Candidates {
    fn extend(&mut self, numbers: &[u32]) {
        for number in numbers {
            match self.few.get_mut(self.count) {
                Some(place) if self.many.is_empty() => {
                    *place = *number;
                    self.count += 1;
                }
                _ => {
                    if self.many.is_empty() {
                        self.many.extend_from_slice(&self.few);
                    }
                    self.many.push(*number);
                }
            }
        }
    }

    /// Sorts the numbers, and removes duplicates of long lists.
    fn sort(&mut self) {
        if self.many.is_empty() {
            if let Some(few) = self.few.get_mut(..self.count) {
                few.sort_unstable();
            }
        } else {
            self.many.sort_unstable();
            self.many.dedup();
        }
    }

    /// The numbers. A number may occur twice in a row, if several templates of a service match.
    pub(super) fn numbers(&self) -> &[u32] {
        if self.many.is_empty() {
            self.few.get(..self.count).unwrap_or_default()
        } else {
            &self.many
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn candidates_come_in_the_order_of_registration() {
        let mut index = Index::default();
        for (number, pattern) in
            ["/{a}/b", "/a/b", "/a/{b}", "/a/{tail:.*}", "", "/", "/a/b/"].into_iter().enumerate()
        {
            index.insert(pattern, false, u32::try_from(number).unwrap());
        }
        index.insert("/a", true, 7);
        for (path, expected) in [
            ("/a/b", &[0, 1, 2, 3, 7][..]),
            ("/x/b", &[0]),
            ("/a/x", &[2, 3, 7]),
            ("/a", &[3, 7]),
            ("/a/b/", &[3, 6, 7]),
            ("", &[4]),
            ("/", &[5]),
            ("/b/a", &[]),
        ] {
            assert_eq!(index.find(path).numbers(), expected, "{path}");
        }
    }

    #[test]
    fn more_candidates_than_fit_are_found_as_well() {
        let mut index = Index::default();
        for number in (0..40).rev() {
            index.insert("/{a}", false, number);
        }
        assert_eq!(index.find("/x").numbers(), (0..40).collect::<Vec<_>>());
    }
}
