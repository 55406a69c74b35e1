//! Schemas: what stands where in a value.

use super::super::super::rows::{holds_names, holds_values};
use serde_json::Value as Json;
use std::collections::HashMap;

/// Bytes of the name of a field that are kept: each of its values is told by it.
const NAME: usize = 256;
/// The longest schema that is understood.
const LONGEST: usize = 1 << 20;

/// A schema: its types, which refer to each other by their numbers.
#[derive(Debug)]
pub(super) struct Schema {
    types: Vec<Type>,
    pub(super) root: usize,
}

/// A type.
#[derive(Debug, PartialEq)]
pub(super) enum Type {
    Null,
    /// One byte, four or eight that are a number.
    Number(usize),
    /// A number of variable length.
    Long,
    Text,
    Bytes,
    /// So many bytes.
    Fixed(usize),
    Record(Vec<Field>),
    Array(usize),
    Map(usize),
    Union(Vec<usize>),
}

/// A field of a record.
#[derive(Debug, PartialEq)]
pub(super) struct Field {
    pub(super) name: Vec<u8>,
    pub(super) kind: usize,
    /// Whether it has the name of what stands beside it, or what has its name there.
    pub(super) holds_name: bool,
    pub(super) holds_value: bool,
}

/// A schema on its way.
#[derive(Default)]
struct Builder {
    types: Vec<Type>,
    names: HashMap<String, usize>,
}

impl Schema {
    pub(super) fn parse(text: &[u8]) -> Option<Self> {
        let json: Json = serde_json::from_slice(text.get(..LONGEST.min(text.len()))?).ok()?;
        let mut builder = Builder::default();
        let root = builder.kind(&json, "")?;
        Some(Self { types: builder.types, root })
    }

    /// The type of this number.
    pub(super) fn kind(&self, number: usize) -> &Type {
        self.types.get(number).unwrap_or(&Type::Null)
    }
}

impl Builder {
    fn add(&mut self, kind: Type) -> usize {
        self.types.push(kind);
        self.types.len() - 1
    }

    /// The number of a type that is written in this namespace. Documents in documents are as deep as the parser lets
    /// them be.
    fn kind(&mut self, json: &Json, space: &str) -> Option<usize> {
        match json {
            Json::String(name) => self.named(name, space),
            Json::Array(choices) => {
                let choices: Option<Vec<_>> = choices.iter().map(|choice| self.kind(choice, space)).collect();
                choices.map(|choices| self.add(Type::Union(choices)))
            }
            Json::Object(about) => match about.get("type")? {
                Json::String(kind) => self.described(kind, json, space),
                inner => self.kind(inner, space),
            },
            _ => None,
        }
    }

    /// A type that is known by its name.
    fn named(&mut self, name: &str, space: &str) -> Option<usize> {
        let kind = match name {
            "null" => Type::Null,
            "boolean" => Type::Number(1),
            "float" => Type::Number(4),
            "double" => Type::Number(8),
            "int" | "long" => Type::Long,
            "string" => Type::Text,
            "bytes" => Type::Bytes,
            _ => return self.names.get(&within(space, name)).or_else(|| self.names.get(name)).copied(),
        };
        Some(self.add(kind))
    }

    fn described(&mut self, kind: &str, json: &Json, space: &str) -> Option<usize> {
        match kind {
            "array" => {
                let items = self.kind(json.get("items")?, space)?;
                Some(self.add(Type::Array(items)))
            }
            "map" => {
                let values = self.kind(json.get("values")?, space)?;
                Some(self.add(Type::Map(values)))
            }
            "enum" => {
                let number = self.add(Type::Long);
                self.name(json, space, number)?;
                Some(number)
            }
            "fixed" => {
                let size = usize::try_from(json.get("size")?.as_u64()?).ok()?;
                let number = self.add(Type::Fixed(size));
                self.name(json, space, number)?;
                Some(number)
            }
            "record" | "error" => {
                // Its fields may refer to it.
                let number = self.add(Type::Record(Vec::new()));
                let name = self.name(json, space, number)?;
                let space = name.rsplit_once('.').map_or("", |(space, _)| space);
                let fields: Option<_> = json.get("fields")?.as_array()?.iter().map(|field| self.field(field, space)).collect();
                *self.types.get_mut(number)? = Type::Record(fields?);
                Some(number)
            }
            name => self.named(name, space),
        }
    }

    fn field(&mut self, json: &Json, space: &str) -> Option<Field> {
        let name = json.get("name")?.as_str()?;
        let kind = self.kind(json.get("type")?, space)?;
        let kept = name.as_bytes().get(..NAME).unwrap_or(name.as_bytes());
        Some(Field { name: kept.to_vec(), kind, holds_name: holds_names(name), holds_value: holds_values(name) })
    }

    /// Notes what a type is called, which it returns.
    fn name(&mut self, json: &Json, space: &str, number: usize) -> Option<String> {
        let space = json.get("namespace").and_then(Json::as_str).unwrap_or(space);
        let name = within(space, json.get("name")?.as_str()?);
        self.names.insert(name.clone(), number);
        Some(name)
    }
}

/// A name in a namespace, unless it has one itself.
fn within(space: &str, name: &str) -> String {
    if space.is_empty() || name.contains('.') { name.to_owned() } else { format!("{space}.{name}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_have_names_in_their_namespace() {
        let schema = Schema::parse(
            br#"{"type": "record", "name": "a.Row", "fields": [
                {"name": "key", "type": "string"},
                {"name": "kind", "type": {"type": "enum", "name": "Kind", "symbols": ["A"]}},
                {"name": "again", "type": ["null", "a.Kind", "Kind", "Row"]},
                {"name": "value", "type": {"type": "map", "values": {"type": "bytes", "logicalType": "decimal"}}}]}"#,
        )
        .expect("a schema");
        let Type::Record(fields) = schema.kind(schema.root) else { panic!("a record") };
        let kinds: Vec<_> = fields.iter().map(|field| (field.holds_name, field.holds_value, schema.kind(field.kind))).collect();
        let Type::Union(choices) = kinds[2].2 else { panic!("a union") };
        assert_eq!((kinds[0], kinds[1].2), ((true, false, &Type::Text), &Type::Long));
        assert_eq!(choices.iter().map(|choice| schema.kind(*choice)).nth(2), Some(&Type::Long));
        assert_eq!(choices[3], schema.root);
        assert!(kinds[3].1 && matches!(kinds[3].2, Type::Map(_)));
        for none in [&b"{}"[..], b"[", b"7", br#""Row""#, br#"{"type": "record", "name": "R", "fields": [{}]}"#] {
            assert!(Schema::parse(none).is_none());
        }
    }
}
