//! What columns a table has, and which buffers of a batch are whose (`Schema.fbs`, *Columnar Format*).

use super::super::super::flatbuffer::Table;
use super::super::super::rows;

/// Fields in fields.
const DEPTH: u32 = 32;
/// Fields of a schema.
pub(super) const FIELDS: usize = 20_000;
/// Bytes of a name that are kept, and of the names above one.
pub(super) const NAME: usize = 256;
pub(super) const PATH: usize = 1024;

/// A field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) name: Vec<u8>,
    pub(super) kind: Kind,
    /// The dictionary that its values are in, and bytes of a place in that.
    pub(super) dictionary: Option<(u64, usize)>,
    pub(super) children: Vec<Field>,
    /// Whether the names of children say how it is kept, not what is in it.
    pub(super) is_frame: bool,
}

/// How values lie in buffers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Kind {
    /// None at all.
    #[default]
    Null,
    /// Of one width: which are there, and the values.
    Fixed,
    /// Of any length: which are there, where each ends in so many bytes, and the values.
    Text(usize),
    /// Which are there, short values or the beginning of long ones, and any number of buffers with the rest.
    View,
    /// So many buffers, and children.
    Nested(usize),
}

impl Field {
    /// The fields of a schema.
    pub(super) fn all(schema: Table<'_>) -> Vec<Self> {
        let mut left = FIELDS;
        schema.list(1).tables().map_while(|field| Self::read(field, 0, &mut left)).collect()
    }

    /// The fields at or below this one whose values are in dictionaries.
    pub(super) fn with_dictionaries(&self) -> Vec<&Self> {
        let (mut found, mut stack) = (Vec::new(), vec![self]);
        while let Some(field) = stack.pop() {
            found.extend(field.dictionary.is_some().then_some(field));
            stack.extend(&field.children);
        }
        found
    }

    /// Whether this field, or one below it, holds names of what stands beside it.
    pub(super) fn has_names(&self) -> bool {
        rows::holds_names(&String::from_utf8_lossy(&self.name)) || self.children.iter().any(Self::has_names)
    }

    fn read(field: Table<'_>, depth: u32, left: &mut usize) -> Option<Self> {
        *left = left.checked_sub(1).filter(|_| depth < DEPTH)?;
        let width = |table: Option<Table<'_>>| table.map_or(4, |table| (table.int(0, 4) as usize / 8).clamp(1, 8));
        let dictionary = field.table(4).map(|dictionary| (dictionary.int(0, 8), width(dictionary.table(1))));
        let children = field.list(5).tables().map_while(|child| Self::read(child, depth + 1, left)).collect();
        let kind = match field.int(2, 1) {
            1 => Kind::Null,
            4 | 5 => Kind::Text(4),
            19 | 20 => Kind::Text(8),
            23 | 24 => Kind::View,
            12 | 17 | 21 => Kind::Nested(2),
            13 | 16 => Kind::Nested(1),
            // A dense union has offsets beside its types.
            14 => Kind::Nested(1 + usize::from(field.table(3).is_some_and(|union| union.int(0, 2) == 1))),
            22 => Kind::Nested(0),
            25 | 26 => Kind::Nested(3),
            _ => Kind::Fixed,
        };
        let is_frame = matches!(field.int(2, 1), 12 | 16 | 17 | 21 | 22 | 25 | 26);
        let name = field.text(0);
        let name = name.get(..NAME).unwrap_or(name).to_vec();
        Some(Self { name, kind, dictionary, children, is_frame })
    }
}

/// A column of a batch: a field without children, or in place of a field that is in a dictionary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Leaf {
    /// The names above its own.
    pub(super) parent: Vec<u8>,
    pub(super) name: Vec<u8>,
    pub(super) kind: Kind,
    pub(super) dictionary: Option<(u64, usize)>,
    /// The first of its buffers, how many it has, and how many values.
    pub(super) first: usize,
    pub(super) buffers: usize,
    pub(super) rows: u64,
}

/// The columns of a batch, in the order of their buffers. `nodes` has the number of values of each field, `views` the
/// number of buffers of each that has any number of them.
pub(super) fn leaves(fields: &[Field], nodes: &mut dyn Iterator<Item = u64>, views: &mut dyn Iterator<Item = u64>) -> Vec<Leaf> {
    let (mut all, mut next) = (Vec::new(), 0);
    for field in fields {
        visit(field, b"", &field.name, &mut next, (&mut *nodes, &mut *views), &mut all);
    }
    all
}

type Counts<'c> = (&'c mut dyn Iterator<Item = u64>, &'c mut dyn Iterator<Item = u64>);

/// The one child of a list, and the entries of a map, go by the name of that.
fn visit(field: &Field, parent: &[u8], name: &[u8], next: &mut usize, counts: Counts<'_>, all: &mut Vec<Leaf>) {
    let (nodes, views) = counts;
    let rows = nodes.next().unwrap_or(0);
    let kind = if field.dictionary.is_some() { Kind::Fixed } else { field.kind };
    let buffers = match kind {
        Kind::Null => 0,
        Kind::Fixed => 2,
        Kind::Text(_) => 3,
        Kind::View => usize::try_from(views.next().unwrap_or(0)).unwrap_or(usize::MAX).saturating_add(2),
        Kind::Nested(buffers) => buffers,
    };
    let first = *next;
    *next = next.saturating_add(buffers);
    let mut path = if parent.is_empty() { name.to_vec() } else { [parent, b".", name].concat() };
    path.truncate(PATH);
    let dictionary = field.dictionary;
    all.push(Leaf { parent: parent.to_vec(), name: name.to_vec(), kind, dictionary, first, buffers, rows });
    if dictionary.is_none() {
        for child in &field.children {
            let counts: Counts<'_> = (&mut *nodes, &mut *views);
            match field.is_frame {
                true => visit(child, parent, name, next, counts, all),
                false => visit(child, &path, &child.name, next, counts, all),
            }
        }
    }
}
