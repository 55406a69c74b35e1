//! A place: the path down through containers to where bytes lie.
//!
//! Member names come from the artifact and are labels only. They are never used as paths on our
//! disk, they may hold any bytes, and they are escaped before a person or a terminal sees them.
//! Places are made for every member of every container, so they share their parents.

use std::fmt;
use std::sync::Arc;

/// Which root of the target a place lies in: an index into the table of roots a source yielded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RootId(pub u32);

/// What one step of a place names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Step {
    Root,
    File,
    Member,
}

/// The path down to some bytes: a root, perhaps a file in it, perhaps members of containers below.
///
/// Cheap to clone. Ordered by root, then by the names from the outside in.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Place {
    root: RootId,
    node: Arc<Node>,
}

#[derive(PartialEq, Eq, Hash)]
struct Node {
    parent: Option<Arc<Node>>,
    step: Step,
    name: Box<[u8]>,
}

impl Place {
    /// The place of a whole root. `label` is what a person calls it: `layer 3`, `config`, a file name.
    pub fn root(id: RootId, label: &str) -> Self {
        Self { root: id, node: Arc::new(Node { parent: None, step: Step::Root, name: label.as_bytes().into() }) }
    }

    /// A file of the root's own file system: a path in a layer or below a scanned directory.
    pub fn file(&self, name: &[u8]) -> Self {
        self.child(Step::File, name)
    }

    /// A member of a container.
    pub fn member(&self, name: &[u8]) -> Self {
        self.child(Step::Member, name)
    }

    fn child(&self, step: Step, name: &[u8]) -> Self {
        Self { root: self.root, node: Arc::new(Node { parent: Some(self.node.clone()), step, name: name.into() }) }
    }

    /// The root this place lies in.
    pub fn root_id(&self) -> RootId {
        self.root
    }

    /// Whether this is a whole root: nothing was opened to get here.
    pub fn is_root(&self) -> bool {
        self.node.step == Step::Root
    }

    /// Whether this is a file of a layer or directory, as opposed to something in one.
    pub fn is_file(&self) -> bool {
        self.node.step == Step::File
    }

    /// The label of the root.
    pub fn label(&self) -> String {
        let mut node = &self.node;
        while let Some(parent) = &node.parent {
            node = parent;
        }
        escaped(&node.name)
    }

    /// The file in the layer or below the scanned directory, as raw bytes.
    pub fn path_bytes(&self) -> Option<&[u8]> {
        let mut node = Some(&self.node);
        while let Some(here) = node {
            if here.step == Step::File {
                return Some(&here.name);
            }
            node = here.parent.as_ref();
        }
        None
    }

    /// The file in the layer or below the scanned directory, escaped for reports.
    pub fn path(&self) -> Option<String> {
        self.path_bytes().map(escaped)
    }

    /// The path inside containers, steps joined by `!`, escaped for reports.
    pub fn member_path(&self) -> Option<String> {
        let names: Vec<_> = self.steps().filter(|node| node.step == Step::Member).map(|node| escaped(&node.name)).collect();
        (!names.is_empty()).then(|| names.join("!"))
    }

    /// The innermost name: what a person would call these bytes, and what file-name rules look at.
    pub fn name(&self) -> &[u8] {
        &self.node.name
    }

    /// The nodes from the outside in.
    fn steps(&self) -> impl Iterator<Item = &Node> {
        let mut nodes = Vec::new();
        let mut node = Some(&self.node);
        while let Some(here) = node {
            nodes.push(&**here);
            node = here.parent.as_ref();
        }
        nodes.into_iter().rev()
    }
}

/// The whole place on one line: `layer 3: app/lib.war!WEB-INF/x.jar!Main.class`.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (depth, node) in self.steps().enumerate() {
            let joint = match depth {
                0 => "",
                1 => ": ",
                _ => "!",
            };
            write!(f, "{joint}{}", escaped(&node.name))?;
        }
        Ok(())
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Place({self})")
    }
}

impl Ord for Place {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let names = |place: &Self| place.steps().map(|node| (node.step, node.name.clone())).collect::<Vec<_>>();
        self.root.cmp(&other.root).then_with(|| names(self).cmp(&names(other)))
    }
}

impl PartialOrd for Place {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// Text from an artifact, safe to print: control characters and bytes that are not UTF-8 become
/// escapes, so that a hostile name can neither move a cursor nor forge a line of the report.
pub fn escaped(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            let invisible = matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
            if c.is_control() || invisible {
                out.extend(c.escape_unicode());
            } else {
                out.push(c);
            }
        }
        for byte in chunk.invalid() {
            out.push_str(&format!("\\x{byte:02x}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_tells_its_file_and_its_members_apart() {
        let root = Place::root(RootId(2), "layer 2");
        let place = root.file(b"app/a.war").member(b"lib/b.jar").member(b"C.class");
        assert_eq!(place.path().as_deref(), Some("app/a.war"));
        assert_eq!(place.member_path().as_deref(), Some("lib/b.jar!C.class"));
        assert_eq!(place.to_string(), "layer 2: app/a.war!lib/b.jar!C.class");
        assert_eq!(root.path(), None);
        assert!(root < place);
    }

    #[test]
    fn names_cannot_reach_the_terminal_raw() {
        assert_eq!(escaped(b"a\x1b[31m\xffb"), "a\\u{1b}[31m\\xffb");
        assert_eq!(escaped("x\u{202e}y\nz".as_bytes()), "x\\u{202e}y\\u{a}z");
        assert_eq!(escaped("käse".as_bytes()), "käse");
    }

    #[test]
    fn deep_places_drop_without_recursing_too_far() {
        let mut place = Place::root(RootId(0), "deep");
        for _ in 0..64 {
            place = place.member(b"x");
        }
        assert_eq!(place.member_path().map(|path| path.len()), Some(64 + 63));
    }
}
