//! JSON values as JavaScript literals that people like to read.

use serde_json::Value;

const WIDTH: usize = 100;

/// The value as a literal whose first line starts at column `indent` (in steps of two spaces) and
/// which breaks where a line would get too long.
pub(super) fn literal(value: &Value, indent: usize) -> String {
    let inline = inline(value);
    if inline.len() + indent * 2 <= WIDTH {
        return inline;
    }
    let inner = "  ".repeat(indent + 1);
    let lines: Vec<String> = match value {
        Value::Array(items) => {
            items.iter().map(|item| format!("{inner}{},\n", literal(item, indent + 1))).collect()
        }
        Value::Object(properties) => properties
            .iter()
            .map(|(name, item)| format!("{inner}{}: {},\n", key(name), literal(item, indent + 1)))
            .collect(),
        _ => return inline,
    };
    let (open, close) = if value.is_array() { ('[', ']') } else { ('{', '}') };
    format!("{open}\n{}{}{close}", lines.concat(), "  ".repeat(indent))
}

/// A string literal in single quotes.
pub(super) fn string(text: &str) -> String {
    let mut literal = String::with_capacity(text.len() + 2);
    literal.push('\'');
    for character in text.chars() {
        match character {
            '\'' => literal.push_str("\\'"),
            '\\' => literal.push_str("\\\\"),
            '\n' => literal.push_str("\\n"),
            // Line ends to JavaScript, before ES2019 also within strings.
            control if control.is_control() || matches!(control, '\u{2028}' | '\u{2029}') => {
                literal.push_str(&format!("\\u{:04x}", control as u32));
            }
            other => literal.push(other),
        }
    }
    literal.push('\'');
    literal
}

fn inline(value: &Value) -> String {
    match value {
        Value::String(text) => string(text),
        Value::Array(items) => {
            format!("[{}]", items.iter().map(inline).collect::<Vec<_>>().join(", "))
        }
        Value::Object(properties) if properties.is_empty() => "{}".to_owned(),
        Value::Object(properties) => {
            let property =
                |(name, item): (&String, &Value)| format!("{}: {}", key(name), inline(item));
            format!("{{ {} }}", properties.iter().map(property).collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

fn key(name: &str) -> String {
    let mut characters = name.chars();
    let is_start = |c: char| c.is_ascii_alphabetic() || c == '_' || c == '$';
    // `__proto__: …` would set the prototype.
    let is_identifier = characters.next().is_some_and(is_start)
        && characters.all(|c| is_start(c) || c.is_ascii_digit())
        && name != "__proto__";
    match (is_identifier, name) {
        (true, _) => name.to_owned(),
        (false, "__proto__") => "['__proto__']".to_owned(),
        (false, _) => string(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn quotes_only_what_is_no_identifier() {
        let value = json!({ "$match": { "a.b": 1, "ok_1": [true, null, "it's"] } });
        assert_eq!(literal(&value, 0), r"{ $match: { 'a.b': 1, ok_1: [true, null, 'it\'s'] } }");
        assert_eq!(literal(&json!({}), 0), "{}");
        assert_eq!(literal(&json!({ "__proto__": 1 }), 0), "{ ['__proto__']: 1 }");
    }

    #[test]
    fn breaks_long_values() {
        let long = "x".repeat(60);
        let value = json!({ "a": [long, long] });
        let expected = format!("{{\n  a: [\n    '{long}',\n    '{long}',\n  ],\n}}");
        assert_eq!(literal(&value, 0), expected);
    }

    #[test]
    fn strings_stay_on_their_line() {
        assert_eq!(string("a\nb\u{2028}\\"), r"'a\nb\u2028\\'");
    }
}
