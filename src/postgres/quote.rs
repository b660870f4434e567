//! Quoting of identifiers and literals, by the server's own rules, and lists of what is quoted.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::LazyLock;

/// The identifier, in quotes only where the server needs them: `quote_identifier` in
/// `src/backend/utils/adt/ruleutils.c`, which `pg_dump` uses as well.
pub(super) fn identifier(name: &str) -> Cow<'_, str> {
    if is_plain(name) {
        return Cow::Borrowed(name);
    }
    Cow::Owned(["\"", &name.replace('"', "\"\""), "\""].concat())
}

fn is_plain(name: &str) -> bool {
    matches!(name.as_bytes().first(), Some(b'a'..=b'z' | b'_'))
        && name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'))
        && !KEYWORDS.contains(name)
}

/// A string literal that does not depend on `standard_conforming_strings`.
pub(super) fn literal(text: &str) -> String {
    let quoted = ["'", &text.replace('\'', "''"), "'"].concat();
    match text.contains('\\') {
        true => ["E", &quoted.replace('\\', "\\\\")].concat(),
        false => quoted,
    }
}

pub(super) fn array<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let literals: Vec<String> = texts.into_iter().map(literal).collect();
    format!("ARRAY[{}]", literals.join(", "))
}

/// The rows of a `VALUES` list, each on a line of its own after that indentation. Their cells are SQL already.
pub(super) fn values<const CELLS: usize>(
    indent: &str,
    rows: impl IntoIterator<Item = [String; CELLS]>,
) -> String {
    let rows: Vec<String> =
        rows.into_iter().map(|cells| format!("{indent}({})", cells.join(", "))).collect();
    rows.join(",\n")
}

/// A `DO` statement with its body between dollar quotes that do not occur in it.
pub(super) fn block(body: &str) -> String {
    let is_free = |tag: &String| !body.contains(&**tag);
    let tags = (1..).map(|number| format!("$body{number}$"));
    let tag = std::iter::once("$$".to_owned()).chain(tags).find(is_free);
    let tag = tag.expect("numbers do not end");
    ["DO ", &tag, "\n", body, " ", &tag].concat()
}

/// The keywords that need quotes, in PostgreSQL 18 and so in all before it: those that
/// `pg_get_keywords()` does not call unreserved.
static KEYWORDS: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    "
    all analyse analyze and any array as asc asymmetric authorization between bigint binary bit
    boolean both case cast char character check coalesce collate collation column concurrently
    constraint create cross current_catalog current_date current_role current_schema
    current_time current_timestamp current_user dec decimal default deferrable desc distinct do
    else end except exists extract false fetch float for foreign freeze from full grant greatest
    group grouping having ilike in initially inner inout int integer intersect interval into is
    isnull join json json_array json_arrayagg json_exists json_object json_objectagg json_query
    json_scalar json_serialize json_table json_value lateral leading least left like limit
    localtime localtimestamp merge_action national natural nchar none normalize not notnull null
    nullif numeric offset on only or order out outer overlaps overlay placing position precision
    primary real references returning right row select session_user setof similar smallint some
    substring symmetric system_user table tablesample then time timestamp to trailing treat trim
    true union unique user using values varchar variadic verbose when where window with
    xmlattributes xmlconcat xmlelement xmlexists xmlforest xmlnamespaces xmlparse xmlpi xmlroot
    xmlserialize xmltable
    "
    .split_ascii_whitespace()
    .collect()
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_what_must_be_quoted_and_nothing_else() {
        assert_eq!(identifier("post"), "post");
        assert_eq!(identifier("_post2"), "_post2");
        assert_eq!(identifier("Post"), "\"Post\"");
        assert_eq!(identifier("2post"), "\"2post\"");
        assert_eq!(identifier("order"), "\"order\"");
        assert_eq!(identifier("a\"b"), "\"a\"\"b\"");
        assert_eq!(identifier(""), "\"\"");
        assert_eq!(identifier("é"), "\"é\"");
    }

    #[test]
    fn literals_survive_quotes_and_backslashes() {
        assert_eq!(literal("it's"), "'it''s'");
        assert_eq!(literal("a\\b\\"), "E'a\\\\b\\\\'");
    }

    #[test]
    fn a_block_has_quotes_that_its_body_has_not() {
        assert_eq!(block("x"), "DO $$\nx $$");
        assert_eq!(block("$$"), "DO $body1$\n$$ $body1$");
        assert_eq!(block("$$ $body1$"), "DO $body2$\n$$ $body1$ $body2$");
    }
}
