//! Tables and their columns, as the statements that made them say.

/// A table.
#[derive(Clone, Debug)]
pub(super) struct Table {
    pub(super) name: String,
    /// The page at the top of its tree.
    pub(super) root: u32,
    /// In the order in which rows have them.
    pub(super) columns: Vec<String>,
}

/// The columns that `CREATE TABLE name (…)` declares, up to the first constraint of the table.
pub(super) fn columns(sql: &str) -> Vec<String> {
    let Some(open) = sql.find('(') else { return Vec::new() };
    let (mut columns, mut depth, mut start) = (Vec::new(), 0u32, open + 1);
    let mut quote = None;
    for (at, c) in sql.char_indices().skip_while(|(at, _)| *at <= open) {
        match (quote, c) {
            (Some(end), c) if c == end => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'' | '`') => quote = Some(c),
            (None, '[') => quote = Some(']'),
            (None, '(') => depth += 1,
            (None, ')') if depth > 0 => depth -= 1,
            (None, ',' | ')') if depth == 0 => {
                let Some(name) = sql.get(start..at).and_then(first_name) else { break };
                columns.push(name);
                start = at + 1;
                if c == ')' {
                    break;
                }
            }
            _ => {}
        }
    }
    columns
}

/// The name that a declaration begins with; `None` for a constraint.
fn first_name(declaration: &str) -> Option<String> {
    let text = declaration.trim_start();
    let quoted = |open: char, close: char| text.strip_prefix(open)?.split(close).next().map(str::to_owned);
    if let Some(name) = quoted('"', '"').or_else(|| quoted('`', '`')).or_else(|| quoted('[', ']')).or_else(|| quoted('\'', '\''))
    {
        return Some(name);
    }
    let name = text.split(|c: char| c.is_whitespace() || c == '(').next()?;
    let is_constraint =
        ["constraint", "primary", "unique", "check", "foreign"].iter().any(|word| name.eq_ignore_ascii_case(word));
    (!name.is_empty() && !is_constraint).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_of_statements() {
        let check = |sql: &str, expected: &[&str]| assert_eq!(columns(sql), expected, "{sql}");
        check("CREATE TABLE t(a, b)", &["a", "b"]);
        check(
            "CREATE TABLE \"t\" (id INTEGER PRIMARY KEY, \"the key\" TEXT DEFAULT 'a,b', [x y] DECIMAL(1,2), `z`)",
            &["id", "the key", "x y", "z"],
        );
        check("create table t (\n a text not null check (length(a) > 1),\n b,\n PRIMARY KEY (a, b)) WITHOUT ROWID", &["a", "b"]);
        check("CREATE TABLE t AS SELECT 1", &[]);
        check("CREATE TABLE t(a", &[]);
    }
}
