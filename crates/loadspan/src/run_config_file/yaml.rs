//! YAML as a tree that knows where everything stands. Values stay the text that they are: what type one has is for its key to say.

mod broken;
mod size;

use std::collections::HashMap;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span, StrInput};

use self::size::Size;
use super::mistake::{Mistake, Place};

/// Far more than anybody writes: what is larger is something else.
pub(super) const MAX_BYTES: u64 = 1 << 20;
/// Levels of lists and maps within each other.
const MAX_DEPTH: usize = 24;
/// Values of a file, each use of an anchor counted anew, so that a small file cannot become a large one.
const MAX_VALUES: usize = 20_000;
/// Bytes of their texts, likewise.
const MAX_TEXT: usize = 16 << 20;

/// A value and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) place: Place,
    pub(super) content: Content,
}

#[derive(Debug, Clone)]
pub(super) enum Content {
    Scalar(Scalar),
    List(Vec<Node>),
    Map(Vec<Pair>),
}

/// A value that is neither list nor map.
#[derive(Debug, Clone)]
pub(super) struct Scalar {
    pub(super) text: String,
    /// Whether it was written without quotes, so that `1` is a number and `~` is nothing.
    pub(super) is_plain: bool,
}

#[derive(Debug, Clone)]
pub(super) struct Pair {
    pub(super) key: String,
    pub(super) place: Place,
    pub(super) value: Node,
}

impl Scalar {
    /// Whether it says that there is no value.
    pub(super) fn is_null(&self) -> bool {
        self.is_plain && matches!(self.text.as_str(), "" | "~" | "null" | "Null" | "NULL")
    }
}

impl Node {
    /// What it is, for messages.
    pub(super) fn kind(&self) -> &'static str {
        match &self.content {
            Content::Scalar(scalar) if scalar.is_null() => "nothing",
            Content::Scalar(_) => "a single value",
            Content::List(_) => "a list",
            Content::Map(_) => "a map",
        }
    }
}

/// Reads the one document of a file.
///
/// # Errors
///
/// It is no YAML, has more than one document, a key twice, tags, or more than the limits allow.
pub(super) fn parse(text: &str) -> Result<Node, Mistake> {
    let mut reader = Reader {
        text,
        parser: Parser::new_from_str(text),
        anchors: HashMap::new(),
        size: Size::default(),
    };
    let mut document = None;
    loop {
        let (event, span) = reader.next()?;
        match event {
            Event::StreamEnd => break,
            Event::StreamStart | Event::DocumentStart(_) | Event::DocumentEnd | Event::Nothing => {}
            _ if document.is_some() => {
                return Err(Mistake::at(place(span.start), "a second document")
                    .with_hint("a run has one file with one document: remove what follows `---`"));
            }
            event => document = Some(reader.read(event, span, 0)?),
        }
    }
    document.ok_or_else(|| Mistake::of_file("the file says nothing"))
}

struct Reader<'a> {
    text: &'a str,
    parser: Parser<'a, StrInput<'a>>,
    anchors: HashMap<usize, Node>,
    size: Size,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Result<(Event<'a>, Span), Mistake> {
        match self.parser.next_event() {
            Some(Ok(next)) => Ok(next),
            Some(Err(error)) => {
                let at = place(*error.marker());
                Err(match error.info() {
                    "recursion limit exceeded" => too_deep(at),
                    info => broken::explain(info, at, self.text),
                })
            }
            None => Ok((Event::StreamEnd, Span::empty(Marker::new(0, 1, 0)))),
        }
    }

    fn read(&mut self, event: Event<'a>, span: Span, depth: usize) -> Result<Node, Mistake> {
        let at = place(span.start);
        if depth > MAX_DEPTH {
            return Err(too_deep(at));
        }
        let (content, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                no_tag(tag.is_some(), at)?;
                let scalar = Scalar {
                    text: text.into_owned(),
                    is_plain: style == ScalarStyle::Plain,
                };
                (Content::Scalar(scalar), anchor)
            }
            Event::SequenceStart(anchor, tag) => {
                no_tag(tag.is_some(), at)?;
                (Content::List(self.read_list(depth)?), anchor)
            }
            Event::MappingStart(anchor, tag) => {
                no_tag(tag.is_some(), at)?;
                (Content::Map(self.read_map(depth)?), anchor)
            }
            Event::Alias(anchor) => return self.copy(anchor, at),
            _ => return Err(Mistake::at(at, "not YAML: a value is missing")),
        };
        self.count(Size::of_itself(&content), at)?;
        let node = Node { place: at, content };
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn read_list(&mut self, depth: usize) -> Result<Vec<Node>, Mistake> {
        let mut items = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if matches!(event, Event::SequenceEnd | Event::StreamEnd) {
                return Ok(items);
            }
            items.push(self.read(event, span, depth + 1)?);
        }
    }

    fn read_map(&mut self, depth: usize) -> Result<Vec<Pair>, Mistake> {
        let mut pairs: Vec<Pair> = Vec::new();
        loop {
            let (event, span) = self.next()?;
            let at = place(span.start);
            let key = match event {
                Event::MappingEnd | Event::StreamEnd => return Ok(pairs),
                Event::Scalar(text, ..) => text.into_owned(),
                _ => return Err(Mistake::at(at, "a key is a word")),
            };
            if key == "<<" {
                return Err(Mistake::at(at, "`<<` is not supported")
                    .with_hint("what stages have in common stands once, outside of `stages`"));
            }
            if let Some(first) = pairs.iter().find(|pair| pair.key == key) {
                return Err(Mistake::twice(&key, at, first.place));
            }
            let (event, span) = self.next()?;
            let value = self.read(event, span, depth + 1)?;
            pairs.push(Pair { key, place: at, value });
        }
    }

    /// What an alias stands for.
    fn copy(&mut self, anchor: usize, at: Place) -> Result<Node, Mistake> {
        let Some(node) = self.anchors.get(&anchor) else {
            return Err(Mistake::at(at, "an alias of what holds it"));
        };
        let copy = Node {
            place: at,
            content: node.content.clone(),
        };
        self.count(Size::of(&copy), at)?;
        Ok(copy)
    }

    fn count(&mut self, more: Size, at: Place) -> Result<(), Mistake> {
        self.size = self.size.and(more);
        if self.size.values > MAX_VALUES {
            return Err(Mistake::at(at, format!("more than {MAX_VALUES} values")));
        }
        if self.size.text > MAX_TEXT {
            let most = MAX_TEXT >> 20;
            return Err(Mistake::at(
                at,
                format!("with what its aliases repeat, more than {most} MiB"),
            ));
        }
        Ok(())
    }
}

fn too_deep(at: Place) -> Mistake {
    Mistake::at(at, format!("lists and maps are more than {MAX_DEPTH} levels deep"))
}

fn no_tag(is_tagged: bool, at: Place) -> Result<(), Mistake> {
    if is_tagged {
        return Err(Mistake::at(at, "tags (`!…`) are not supported"));
    }
    Ok(())
}

fn place(marker: Marker) -> Place {
    Place {
        line: marker.line(),
        column: marker.col() + 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str) -> String {
        parse(text).unwrap_err().told("run.yaml")
    }

    #[test]
    fn everything_knows_where_it_stands() {
        let root = parse("url: http://h\nload:\n  isl: 010\n  header: ['1', b]\n").unwrap();
        let Content::Map(pairs) = &root.content else {
            panic!("{root:?}")
        };
        let Content::Map(load) = &pairs[1].value.content else {
            panic!("{pairs:?}")
        };
        let place = |line, column| Place { line, column };
        assert_eq!(pairs[0].value.place, place(1, 6));
        assert_eq!((load[0].place, load[0].value.place), (place(3, 3), place(3, 8)));
        assert!(matches!(&load[0].value.content, Content::Scalar(scalar) if scalar.text == "010" && scalar.is_plain));
        let Content::List(items) = &load[1].value.content else {
            panic!("{load:?}")
        };
        assert!(matches!(&items[0].content, Content::Scalar(scalar) if !scalar.is_plain));
        assert_eq!(items[1].place, place(4, 17));
    }

    #[test]
    fn aliases_are_copies() {
        let root = parse("a: &x [1, 2]\nb: *x\n").unwrap();
        let Content::Map(pairs) = &root.content else {
            panic!("{root:?}")
        };
        assert!(matches!(&pairs[1].value.content, Content::List(items) if items.len() == 2));
        assert_eq!(pairs[1].value.place.line, 2);
    }

    #[test]
    fn what_is_no_run_file_is_refused_with_its_place() {
        assert_eq!(message(""), "run.yaml: the file says nothing");
        assert_eq!(
            message("a: 1\na: 2\n"),
            "run.yaml:2:1: `a` is given twice, first in line 1"
        );
        assert_eq!(
            message("a: !!binary x\n"),
            "run.yaml:1:4: tags (`!…`) are not supported"
        );
        assert!(
            message("a: [1\n").starts_with("run.yaml:2:1: not YAML: expected `,` or `]`"),
            "{}",
            message("a: [1\n")
        );
        assert!(message("a: 1\n---\nb: 1\n").starts_with("run.yaml:3:1: a second document"));
        assert!(message("<<: {a: 1}\n").starts_with("run.yaml:1:1: `<<` is not supported"));
        assert!(message("? [a]\n: 1\n").contains("a key is a word"));
        assert!(message("a: &x [*x]\n").contains("an alias of what holds it"));
    }

    #[test]
    fn small_files_cannot_become_large_ones() {
        let deep = format!("a: {}{}", "[".repeat(100), "]".repeat(100));
        assert!(message(&deep).contains("levels deep"));
        let mut bomb = "a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n".to_owned();
        for level in 1..9 {
            let copies = vec![format!("*a{}", level - 1); 10].join(", ");
            bomb.push_str(&format!("a{level}: &a{level} [{copies}]\n"));
        }
        assert!(message(&bomb).contains("more than 20000 values"));
        let long = format!("a: &a {}\nb: [{}]\n", "x".repeat(100_000), vec!["*a"; 1_000].join(", "));
        let told = message(&long);
        assert!(told.starts_with("run.yaml:2:"), "{told}");
        assert!(
            told.ends_with("with what its aliases repeat, more than 16 MiB"),
            "{told}"
        );
    }
}
