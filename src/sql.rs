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
    let mut depth = 0_i32;
    let mut quote = None;
    let mut escapes = false;
    let mut before = ' ';
    let mut rest = sql.chars();
    while let Some(c) = rest.next() {
        match (quote, c) {
            (Some('\''), '\\') if escapes => drop(rest.next()),
            (Some(open), _) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => {
                escapes = matches!(before, 'e' | 'E');
                quote = Some(c);
            }
            (None, '(') => depth += 1,
            (None, ')') => depth -= 1,
            (None, ';' | '\0' | '$') => return false,
            (None, '-') if before == '-' => return false,
            (None, '*') if before == '/' => return false,
            _ => {}
        }
        if depth < 0 {
            return false;
        }
        before = c;
    }
    depth == 0 && quote.is_none()
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
        ] {
            assert!(!is_within_one_statement(sql), "{sql}");
        }
    }
}
