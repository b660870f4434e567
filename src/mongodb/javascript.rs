//! JSON values as JavaScript literals that people like to read.

use serde_json::Value;

/// Wide, so that most stages of a pipeline fit on a line.
const WIDTH: usize = 150;

/// Writes the value as a literal whose first line starts at column `indent` (in steps of two spaces)
/// and which breaks where a line would get too long.
pub(super) fn write(out: &mut String, value: &Value, indent: usize) {
    let mark = out.len();
    if write_inline(out, value, mark + WIDTH.saturating_sub(indent * 2)) {
        return;
    }
    match value {
        Value::Array(items) => {
            out.truncate(mark);
            write_lines(out, '[', ']', indent, items.iter(), |out, item| {
                write(out, item, indent + 1);
            });
        }
        Value::Object(properties) => {
            out.truncate(mark);
            write_lines(out, '{', '}', indent, properties.iter(), |out, (name, item)| {
                write_key(out, name);
                write(out, item, indent + 1);
            });
        }
        // A long string or number is as long as it is.
        _ => {}
    }
}

/// Writes items between brackets, one a line.
pub(super) fn write_lines<T>(
    out: &mut String,
    open: char,
    close: char,
    indent: usize,
    items: impl Iterator<Item = T>,
    mut write_item: impl FnMut(&mut String, T),
) {
    let margin = "  ".repeat(indent);
    out.push(open);
    out.push('\n');
    for item in items {
        out.push_str(&margin);
        out.push_str("  ");
        write_item(out, item);
        out.push_str(",\n");
    }
    out.push_str(&margin);
    out.push(close);
}

/// A string literal in single quotes.
pub(super) fn string(text: &str) -> String {
    let mut literal = String::with_capacity(text.len() + 2);
    write_string(&mut literal, text);
    literal
}

/// Writes the value on one line. Gives up, with part of it written, once `out` is longer than
/// `limit`; says whether all of it fits.
fn write_inline(out: &mut String, value: &Value, limit: usize) -> bool {
    match value {
        Value::String(text) => write_string(out, text),
        Value::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                out.push_str(if at > 0 { ", " } else { "" });
                if !write_inline(out, item, limit) {
                    return false;
                }
            }
            out.push(']');
        }
        Value::Object(properties) if properties.is_empty() => out.push_str("{}"),
        Value::Object(properties) => {
            out.push_str("{ ");
            for (at, (name, item)) in properties.iter().enumerate() {
                out.push_str(if at > 0 { ", " } else { "" });
                write_key(out, name);
                if !write_inline(out, item, limit) {
                    return false;
                }
            }
            out.push_str(" }");
        }
        other => out.push_str(&other.to_string()),
    }
    out.len() <= limit
}

fn write_key(out: &mut String, name: &str) {
    let mut characters = name.chars();
    let is_start = |c: char| c.is_ascii_alphabetic() || c == '_' || c == '$';
    let is_identifier = characters.next().is_some_and(is_start)
        && characters.all(|c| is_start(c) || c.is_ascii_digit());
    match name {
        // As a plain key it would set the prototype.
        "__proto__" => out.push_str("['__proto__']"),
        _ if is_identifier => out.push_str(name),
        _ => write_string(out, name),
    }
    out.push_str(": ");
}

fn write_string(out: &mut String, text: &str) {
    out.push('\'');
    for character in text.chars() {
        match character {
            '\'' => out.push_str("\\'"),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            // The last two end lines in JavaScript, before ES2019 also within strings.
            control if control.is_control() || matches!(control, '\u{2028}' | '\u{2029}') => {
                out.push_str(&format!("\\u{:04x}", control as u32));
            }
            other => out.push(other),
        }
    }
    out.push('\'');
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn literal(value: &Value, indent: usize) -> String {
        let mut out = String::new();
        write(&mut out, value, indent);
        out
    }

    #[test]
    fn quotes_only_what_is_no_identifier() {
        let value = json!({ "$match": { "a.b": 1, "ok_1": [true, null, "it's"] } });
        assert_eq!(literal(&value, 0), r"{ $match: { 'a.b': 1, ok_1: [true, null, 'it\'s'] } }");
        assert_eq!(literal(&json!({}), 0), "{}");
        assert_eq!(literal(&json!({ "__proto__": 1 }), 0), "{ ['__proto__']: 1 }");
    }

    #[test]
    fn breaks_long_values() {
        let long = "x".repeat(80);
        let value = json!({ "a": [long, long] });
        let expected = format!("{{\n  a: [\n    '{long}',\n    '{long}',\n  ],\n}}");
        assert_eq!(literal(&value, 0), expected);
    }

    #[test]
    fn strings_stay_on_their_line() {
        assert_eq!(string("a\nb\u{2028}\\"), r"'a\nb\u2028\\'");
    }
}
