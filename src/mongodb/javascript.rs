//! JSON values as JavaScript literals that people like to read.

use super::value::Value;

/// Wide, so that most stages of a pipeline fit on a line.
const WIDTH: usize = 150;

/// Writes the value as a literal whose first line starts at column `indent` (in steps of two spaces)
/// and which breaks where a line would get too long.
pub(super) fn write(out: &mut String, value: &Value, indent: usize) {
    match value {
        _ if room_left(value, WIDTH.saturating_sub(indent * 2)).is_some() => {
            write_inline(out, value);
        }
        Value::Array(items) => {
            write_lines(out, '[', ']', indent, items.iter(), |out, item| {
                write(out, item, indent + 1);
            });
        }
        Value::Object(properties) => {
            write_lines(out, '{', '}', indent, properties.iter(), |out, (name, item)| {
                write_key(out, name);
                write(out, item, indent + 1);
            });
        }
        // A long string or number is as long as it is.
        _ => write_inline(out, value),
    }
}

/// What the value leaves of the room on a line, if it fits there. Quotes and backslashes that some
/// keys and strings need are not counted.
fn room_left(value: &Value, room: usize) -> Option<usize> {
    match value {
        Value::Null | Value::Bool(true) => room.checked_sub(4),
        Value::Bool(false) => room.checked_sub(5),
        Value::Number(0..10) => room.checked_sub(1),
        Value::Number(number) => room.checked_sub(number.to_string().len()),
        Value::String(text) => room.checked_sub(text.len() + 2),
        Value::Array(items) => {
            let room = room.checked_sub(2 * items.len().max(1))?;
            items.iter().try_fold(room, |room, item| room_left(item, room))
        }
        Value::Object(properties) => {
            let room = room.checked_sub(2 + 2 * properties.len())?;
            properties.iter().try_fold(room, |room, (name, item)| {
                room_left(item, room.checked_sub(name.len() + 2)?)
            })
        }
    }
}

/// Writes items between brackets, one a line.
fn write_lines<T>(
    out: &mut String,
    open: char,
    close: char,
    indent: usize,
    items: impl Iterator<Item = T>,
    mut write_item: impl FnMut(&mut String, T),
) {
    let margin = |out: &mut String, indent| (0..indent).for_each(|_| out.push_str("  "));
    out.push(open);
    out.push('\n');
    for item in items {
        margin(out, indent + 1);
        write_item(out, item);
        out.push_str(",\n");
    }
    margin(out, indent);
    out.push(close);
}

/// A string literal in single quotes.
pub(super) fn string(text: &str) -> String {
    let mut literal = String::with_capacity(text.len() + 2);
    write_string(&mut literal, text);
    literal
}

/// Writes the value on one line.
fn write_inline(out: &mut String, value: &Value) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Number(number) => out.push_str(&number.to_string()),
        Value::String(text) => write_string(out, text),
        Value::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                out.push_str(if at > 0 { ", " } else { "" });
                write_inline(out, item);
            }
            out.push(']');
        }
        Value::Object(properties) if properties.is_empty() => out.push_str("{}"),
        Value::Object(properties) => {
            out.push_str("{ ");
            for (at, (name, item)) in properties.iter().enumerate() {
                out.push_str(if at > 0 { ", " } else { "" });
                write_key(out, name);
                write_inline(out, item);
            }
            out.push_str(" }");
        }
    }
}

fn write_key(out: &mut String, name: &str) {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$');
    let is_identifier = name.bytes().all(is_part)
        && name.bytes().next().is_some_and(|first| !first.is_ascii_digit());
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
    let is_plain = |byte: u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'\'' | b'\\');
    if text.bytes().all(is_plain) {
        out.push_str(text);
    } else {
        text.chars().for_each(|character| write_character(out, character));
    }
    out.push('\'');
}

fn write_character(out: &mut String, character: char) {
    match character {
        '\'' | '\\' => out.extend(['\\', character]),
        '\n' => out.push_str("\\n"),
        // The last two end lines in JavaScript, before ES2019 also within strings.
        control if control.is_control() || matches!(control, '\u{2028}' | '\u{2029}') => {
            out.push_str(&format!("\\u{:04x}", control as u32));
        }
        other => out.push(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mongodb::value::json;

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
        let value = json!({ "a": [&long, &long] });
        let expected = format!("{{\n  a: [\n    '{long}',\n    '{long}',\n  ],\n}}");
        assert_eq!(literal(&value, 0), expected);
    }

    #[test]
    fn strings_stay_on_their_line() {
        assert_eq!(string("a\nb\u{2028}\\"), r"'a\nb\u2028\\'");
    }
}
