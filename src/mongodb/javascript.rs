//! Values as JavaScript that people like to read: literals, and calls of functions that are defined by
//! their blocks.

use super::block::Block;
use super::value::{Text, Value};

/// Wide, so that most stages of a pipeline fit on a line.
const WIDTH: usize = 120;

/// Defines a block as a function, or as a constant if it has no parameters.
pub(super) fn define(out: &mut String, block: &Block) {
    for line in block.about {
        out.push_str("//");
        out.push_str(line);
        out.push('\n');
    }
    out.push_str("const ");
    write_name(out, block.name);
    out.push_str(" = ");
    let body = block.definition();
    if block.parameters.is_empty() {
        write(out, &body, 0);
    } else {
        out.push_str(&format!("({}) => ", block.parameters.join(", ")));
        // A brace would begin a body of statements.
        let is_object = matches!(body, Value::Object(_));
        out.push_str(if is_object { "(" } else { "" });
        write(out, &body, 0);
        out.push_str(if is_object { ")" } else { "" });
    }
    out.push_str(";\n");
}

/// Writes the value, which begins where `out` ends, in a line with that indentation (in steps of two
/// spaces). It breaks where the line would get too long.
pub(super) fn write(out: &mut String, value: &Value, indent: usize) {
    let start = out.len();
    let line = out.rfind('\n').map_or(0, |at| at + 1);
    write_inline(out, value);
    // A comma follows.
    if out.len() - line < WIDTH {
        return;
    }
    out.truncate(start);
    let write_item = |out: &mut String, item| write(out, item, indent + 1);
    match value {
        Value::Array(items) => write_lines(out, ['[', ']'], indent, items.iter(), write_item),
        Value::Object(properties) => {
            write_lines(out, ['{', '}'], indent, properties.iter(), |out, (name, item)| {
                if write_key(out, name, item) {
                    write_item(out, item);
                }
            });
        }
        Value::Spread(array) => {
            out.push_str("...");
            write(out, array, indent);
        }
        Value::Call(block, arguments) if !arguments.is_empty() => {
            write_name(out, block.name);
            write_lines(out, ['(', ')'], indent, arguments.iter(), write_item);
        }
        // A long string or number is as long as it is.
        _ => write_inline(out, value),
    }
}

/// Calls `found` with each block that is called to make the value.
pub(super) fn each_call(value: &Value, found: &mut impl FnMut(&'static Block)) {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) => {}
        Value::Array(items) => items.iter().for_each(|item| each_call(item, found)),
        Value::Object(properties) => properties.iter().for_each(|(_, item)| each_call(item, found)),
        Value::Spread(array) => each_call(array, found),
        Value::Call(block, arguments) => {
            found(block);
            arguments.iter().for_each(|argument| each_call(argument, found));
        }
    }
}

/// Writes items between brackets, one a line.
fn write_lines<T>(
    out: &mut String,
    [open, close]: [char; 2],
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
    write_string(&mut literal, text, '\'');
    literal
}

/// Writes the value on one line.
pub(super) fn write_inline(out: &mut String, value: &Value) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Number(number) => out.push_str(&number.to_string()),
        Value::Text(text) => write_text(out, text),
        Value::Array(items) => {
            out.push('[');
            write_list(out, items);
            out.push(']');
        }
        Value::Object(properties) if properties.is_empty() => out.push_str("{}"),
        Value::Object(properties) => {
            out.push_str("{ ");
            for (at, (name, item)) in properties.iter().enumerate() {
                out.push_str(if at > 0 { ", " } else { "" });
                if write_key(out, name, item) {
                    write_inline(out, item);
                }
            }
            out.push_str(" }");
        }
        Value::Spread(array) => {
            out.push_str("...");
            write_inline(out, array);
        }
        Value::Call(block, arguments) => {
            write_name(out, block.name);
            if !arguments.is_empty() {
                out.push('(');
                write_list(out, arguments);
                out.push(')');
            }
        }
    }
}

fn write_list(out: &mut String, items: &[Value]) {
    for (at, item) in items.iter().enumerate() {
        out.push_str(if at > 0 { ", " } else { "" });
        write_inline(out, item);
    }
}

/// Writes `isId` for `is_id`.
fn write_name(out: &mut String, name: &str) {
    let mut begins_word = false;
    for character in name.chars() {
        match character {
            '_' => begins_word = true,
            _ if std::mem::take(&mut begins_word) => out.push(character.to_ascii_uppercase()),
            _ => out.push(character),
        }
    }
}

fn write_text(out: &mut String, text: &Text) {
    match text {
        Text::Literal(text) => write_string(out, text, '\''),
        Text::Parameter(name) => out.push_str(name),
        Text::Joined(parts) => match &parts[..] {
            // A dollar sign before a parameter would be hard to see in a template.
            [first, second] => {
                write_text(out, first);
                out.push_str(" + ");
                write_text(out, second);
            }
            _ => write_template(out, parts),
        },
    }
}

fn write_template(out: &mut String, parts: &[Text]) {
    out.push('`');
    for part in parts {
        match part {
            Text::Literal(text) => write_characters(out, text, '`'),
            part => {
                out.push_str("${");
                write_text(out, part);
                out.push('}');
            }
        }
    }
    out.push('`');
}

/// Writes the key of a property and says whether its value has still to be written: `{ field }` is
/// short for `{ field: field }`.
fn write_key(out: &mut String, key: &Text, value: &Value) -> bool {
    match key {
        Text::Literal(name) => {
            let is_short = matches!(value, Value::Text(Text::Parameter(value)) if value == name);
            match &**name {
                // As a plain key it would set the prototype.
                "__proto__" => out.push_str("['__proto__']"),
                name if is_identifier(name) => out.push_str(name),
                name => write_string(out, name, '\''),
            }
            out.push_str(if is_short { "" } else { ": " });
            !is_short
        }
        key => {
            out.push('[');
            write_text(out, key);
            out.push_str("]: ");
            true
        }
    }
}

fn is_identifier(name: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$');
    name.bytes().all(is_part) && name.bytes().next().is_some_and(|first| !first.is_ascii_digit())
}

fn write_string(out: &mut String, text: &str, quote: char) {
    out.push(quote);
    write_characters(out, text, quote);
    out.push(quote);
}

/// Writes what is between quotes.
fn write_characters(out: &mut String, text: &str, quote: char) {
    let is_plain =
        |byte: u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'\'' | b'\\' | b'`' | b'$');
    if text.bytes().all(is_plain) {
        out.push_str(text);
    } else {
        text.chars().for_each(|character| write_character(out, character, quote));
    }
}

fn write_character(out: &mut String, character: char, quote: char) {
    match character {
        '\\' => out.push_str("\\\\"),
        // Or it would begin a parameter.
        '$' if quote == '`' => out.push_str("\\$"),
        character if character == quote => out.extend(['\\', character]),
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
    use crate::mongodb::block::blocks;
    use crate::mongodb::value::{json, text};

    fn literal(value: &Value, indent: usize) -> String {
        let mut out = String::new();
        write(&mut out, value, indent);
        out
    }

    fn definition(block: &Block) -> String {
        let mut out = String::new();
        define(&mut out, block);
        out
    }

    blocks! {
        /// A field,
        /// and more.
        fn a_field(side, more) {
            json!({ [side.at("name")]: more, "more": more, [text!["a.", more]]: text!["$", more] })
        }

        /// All of it.
        fn everything() {
            json!([..a_field(json!({ "name": "__proto__" }), "it's")])
        }

        /// Text.
        fn told(name) {
            text!["`${", name, "}` it's \\ \n", name]
        }
    }

    #[test]
    fn a_block_is_a_function() {
        let [[a_field], [everything], [told]] = BLOCKS else { panic!("{BLOCKS:?}") };
        assert_eq!(
            definition(a_field),
            "// A field,\n// and more.\nconst aField = (side, more) => ({ [side.name]: more, more, ['a.' + more]: '$' + more });\n"
        );
        assert_eq!(
            definition(everything),
            "// All of it.\nconst everything = [...aField({ name: '__proto__' }, 'it\\'s')];\n"
        );
        assert_eq!(
            definition(told),
            "// Text.\nconst told = (name) => `\\`\\${${name}}\\` it's \\\\ \\n${name}`;\n"
        );
    }

    #[test]
    fn a_call_is_its_name_and_arguments() {
        assert_eq!(literal(&json!([everything(), told("a")]), 0), "[everything, told('a')]");
        let long = "x".repeat(80);
        let expected = format!("aField(\n  '{long}',\n  '{long}',\n)");
        assert_eq!(literal(&a_field(&long, &long), 0), expected);
        let data = serde_json::to_string(&a_field(json!({ "name": "__proto__" }), "b")).unwrap();
        assert_eq!(data, r#"{"__proto__":"b","more":"b","a.b":"$b"}"#);
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
