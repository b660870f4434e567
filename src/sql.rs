//! What a piece of SQL from a snapshot may be: part of one statement, and never the end of it.

/// Whether this is the name of a type, such as `integer`, `character varying(255)` or `"Kind"[]`.
pub fn is_type(sql: &str) -> bool {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '_' | '.' | '"' | '[' | ']');
    let has_name = sql.starts_with(|c: char| c.is_alphabetic() || matches!(c, '_' | '"'));
    let mut depth = 0;
    let fits = sql.chars().all(|c| match c {
        '(' => {
            depth += 1;
            depth == 1
        }
        ')' => {
            depth -= 1;
            depth == 0
        }
        ',' => depth == 1,
        _ => is_plain(c),
    });
    has_name && fits && depth == 0 && is_within_one_statement(sql)
}

/// Whether quotes and brackets close, and nothing outside of quotes ends the statement or begins a
/// comment. What stands in quotes may be anything.
pub fn is_within_one_statement(sql: &str) -> bool {
    let Some(bare) = without_quoted(sql) else { return false };
    let is_ended = bare.contains([';', '\0', '$']) || bare.contains("--") || bare.contains("/*");
    let mut depth = 0;
    let opens_first = bare.chars().all(|c| {
        depth += match c {
            '(' => 1,
            ')' => -1,
            _ => 0,
        };
        depth >= 0
    });
    !is_ended && opens_first && depth == 0
}

/// The SQL with a space for each byte that stands in quotes. None where a quote does not close.
pub fn without_quoted(sql: &str) -> Option<String> {
    let mut bare = String::with_capacity(sql.len());
    let mut quote = None;
    let mut escapes = false;
    let mut rest = sql.chars();
    while let Some(c) = rest.next() {
        match quote {
            Some(open) if c == open => quote = None,
            Some(_) => {
                let escaped = if escapes && c == '\\' { rest.next() } else { None };
                let bytes = c.len_utf8() + escaped.map_or(0, char::len_utf8);
                bare.push_str(&" ".repeat(bytes));
                continue;
            }
            None if matches!(c, '\'' | '"') => {
                escapes = c == '\'' && has_escapes(&bare, escapes);
                quote = Some(c);
            }
            None => {}
        }
        bare.push(c);
    }
    quote.is_none().then_some(bare)
}

/// Whether a string that begins after this has escapes: it is `E'…'`, or it goes on with one after a
/// doubled quote or a line break.
fn has_escapes(before: &str, had_escapes: bool) -> bool {
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || !c.is_ascii();
    let is_marked = before.strip_suffix(['e', 'E']).is_some_and(|rest| !rest.ends_with(is_of_name));
    let end = before.trim_ascii_end();
    let gap = &before[end.len()..];
    let goes_on = end.ends_with('\'') && (gap.is_empty() || gap.contains(['\n', '\r']));
    is_marked || (had_escapes && goes_on)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_names_with_modifiers() {
        let types = ["integer", "uuid", "character varying(255)", "numeric(10, 2)", "\"Kind\"[]"];
        for sql in types.into_iter().chain(["timestamp (3) with time zone", "public.kind"]) {
            assert!(is_type(sql), "{sql}");
        }
        for sql in [
            "",
            " ",
            "integer; drop table users",
            "integer, other integer",
            "integer) -- ",
            "integer not null default 'x'",
            "integer\ncheck (true)",
            "(1)",
            "\"open",
            "numeric((1))",
        ] {
            assert!(!is_type(sql), "{sql}");
        }
    }

    #[test]
    fn a_definition_never_ends_its_statement() {
        for sql in [
            "text not null default 'a; b -- c /* d'",
            "text default E'it\\'s; here'",
            "text default E'it''s \\'one; here'",
            "text default E'one'\n  '\\'two; here'",
            "text default 'C:\\'",
            "integer default (1 - 2)",
            "text check (\"a;b\" in ('x', 'it''s'))",
        ] {
            assert!(is_within_one_statement(sql), "{sql}");
        }
        for sql in [
            "text; drop table users",
            "text -- gone",
            "text /* gone",
            "text default 'open",
            "text) ; (",
            "text)",
            "text default $$;$$",
            "text default E'\\\\'; drop table users; --'",
            "text default E'a''b\\''; drop table users; --'",
            "date default date'\\'; drop table users; --'",
            "text default E'a' '\\'; drop table users; --'",
            "text default E\"a\"'\\'; drop table users; --'",
        ] {
            assert!(!is_within_one_statement(sql), "{sql}");
        }
    }
}
