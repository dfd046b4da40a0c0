//! The route patterns of an application, parsed from the `Debug` output of its resource map, because
//! actix-web has no other way to list them.

use std::iter::Peekable;
use std::str::Chars;

use actix_web::dev::ResourceMap;

/// One route pattern, with the scopes around it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Pattern {
    pub(crate) path: String,
    /// Whether it also matches everything below it.
    pub(crate) is_prefix: bool,
}

/// The patterns of the map; `None` if this version of actix-web prints it in another format.
pub(crate) fn patterns(map: &ResourceMap) -> Option<Vec<Pattern>> {
    let text = format!("{map:?}");
    let root = Reader(text.chars().peekable()).value()?;
    let mut patterns = Vec::new();
    collect(&root, "", &mut patterns)?;
    patterns.sort();
    patterns.dedup();
    Some(patterns)
}

fn collect(map: &Value, around: &str, found: &mut Vec<Pattern>) -> Option<()> {
    let definition = map.field("pattern")?;
    let is_prefix = matches!(definition.field("is_prefix")?, Value::Word(word) if word == "true");
    let patterns = match definition.field("patterns")? {
        Value::Struct(fields) => match &fields.first()?.1 {
            Value::List(patterns) => {
                patterns.iter().map(Value::text).collect::<Option<Vec<_>>>()?
            }
            single => vec![single.text()?],
        },
        _ => return None,
    };
    for pattern in patterns {
        let path = format!("{around}{pattern}");
        match map.field("nodes")? {
            Value::Struct(fields) => {
                let Value::List(nodes) = &fields.first()?.1 else { return None };
                for node in nodes {
                    collect(node, &path, found)?;
                }
            }
            _ => found.push(Pattern { path, is_prefix }),
        }
    }
    Some(())
}

/// A parsed value of `Debug` output.
enum Value {
    Text(String),
    /// A number, or a variant without fields.
    Word(String),
    List(Vec<Self>),
    /// Fields without names have empty ones.
    Struct(Vec<(String, Self)>),
}

impl Value {
    fn field(&self, name: &str) -> Option<&Self> {
        let Self::Struct(fields) = self else { return None };
        fields.iter().find(|(field, _)| field == name).map(|(_, value)| value)
    }

    fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }
}

struct Reader<'a>(Peekable<Chars<'a>>);

impl Reader<'_> {
    fn value(&mut self) -> Option<Value> {
        match self.peek()? {
            '"' => self.string().map(Value::Text),
            '[' => self.items('[', ']').map(Value::List),
            '(' => self.items('(', ')').map(Value::List),
            '{' => {
                self.map()?;
                Some(Value::List(Vec::new()))
            }
            _ => self.named(),
        }
    }

    fn named(&mut self) -> Option<Value> {
        let word = self.word();
        if word.is_empty() {
            return None;
        }
        match self.peek() {
            Some('(') => {
                let items = self.items('(', ')')?;
                let fields = items.into_iter().map(|item| (String::new(), item));
                Some(Value::Struct(fields.collect()))
            }
            Some('{') => Some(Value::Struct(self.fields()?)),
            _ => Some(Value::Word(word)),
        }
    }

    fn word(&mut self) -> String {
        let mut word = String::new();
        while let Some(character) =
            self.0.next_if(|it| it.is_alphanumeric() || matches!(it, '_' | '-' | '.'))
        {
            word.push(character);
        }
        word
    }

    fn items(&mut self, open: char, close: char) -> Option<Vec<Value>> {
        self.take(open)?;
        let mut items = Vec::new();
        while self.take(close).is_none() {
            items.push(self.value()?);
            let _ = self.take(',');
        }
        Some(items)
    }

    fn fields(&mut self) -> Option<Vec<(String, Value)>> {
        self.take('{')?;
        let mut fields = Vec::new();
        while self.take('}').is_none() {
            self.peek()?;
            let name = self.word();
            self.take(':')?;
            fields.push((name, self.value()?));
            let _ = self.take(',');
        }
        Some(fields)
    }

    /// The named resources: each is a node as well.
    fn map(&mut self) -> Option<()> {
        self.take('{')?;
        while self.take('}').is_none() {
            self.value()?;
            self.take(':')?;
            self.value()?;
            let _ = self.take(',');
        }
        Some(())
    }

    fn string(&mut self) -> Option<String> {
        self.take('"')?;
        let mut text = String::new();
        loop {
            match self.0.next()? {
                '"' => return Some(text),
                '\\' => text.push(self.escaped()?),
                other => text.push(other),
            }
        }
    }

    fn escaped(&mut self) -> Option<char> {
        Some(match self.0.next()? {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            '0' => '\0',
            'u' => {
                self.take('{')?;
                let digits = self.word();
                self.take('}')?;
                char::from_u32(u32::from_str_radix(&digits, 16).ok()?)?
            }
            other => other,
        })
    }

    fn peek(&mut self) -> Option<char> {
        while self.0.next_if(|it| it.is_whitespace()).is_some() {}
        self.0.peek().copied()
    }

    fn take(&mut self, expected: char) -> Option<()> {
        (self.peek()? == expected).then(|| {
            self.0.next();
        })
    }
}

/// As actix-web inserts it.
pub(crate) fn with_slash(pattern: &str) -> String {
    if pattern.is_empty() || pattern.starts_with('/') {
        pattern.to_owned()
    } else {
        format!("/{pattern}")
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use actix_web::dev::ResourceDef;

    use super::*;

    #[test]
    fn the_patterns_of_nested_scopes_are_read() {
        let mut inner = ResourceMap::new(ResourceDef::root_prefix("/in\"n{er}"));
        let mut named = ResourceDef::new(["/a/{id:[0-9]{2}}", "/b\\n"]);
        named.set_name("both");
        inner.add(&mut named, None);
        inner.add(&mut ResourceDef::prefix("/files"), None);
        let mut root = ResourceMap::new(ResourceDef::prefix(""));
        root.add(&mut ResourceDef::new("/"), None);
        root.add(&mut ResourceDef::root_prefix("/in\"n{er}"), Some(Rc::new(inner)));
        let read: Vec<(String, bool)> =
            patterns(&root).unwrap().into_iter().map(|it| (it.path, it.is_prefix)).collect();
        let expected = [
            ("/", false),
            ("/in\"n{er}/a/{id:[0-9]{2}}", false),
            ("/in\"n{er}/b\\n", false),
            ("/in\"n{er}/files", true),
        ];
        assert_eq!(read, expected.map(|(path, is_prefix)| (path.to_owned(), is_prefix)));
    }
}
