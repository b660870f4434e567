//! Data as JavaScript that people like to read, and that no name can break out of.

use serde_json::Value;

/// A string literal in single quotes.
pub(super) fn string(text: &str) -> String {
    let mut literal = "'".to_owned();
    for character in text.chars() {
        match character {
            '\\' | '\'' => literal.extend(['\\', character]),
            '\n' => literal.push_str("\\n"),
            // The last two end lines in JavaScript, before ES2019 also within strings.
            control if control.is_control() || matches!(control, '\u{2028}' | '\u{2029}') => {
                literal.push_str(&format!("\\u{:04x}", control as u32));
            }
            other => literal.push(other),
        }
    }
    literal + "'"
}

/// A literal of plain data on one line.
pub(super) fn literal(value: &Value) -> String {
    let joined = |items: Vec<String>| items.join(", ");
    match value {
        Value::String(text) => string(text),
        Value::Array(items) => format!("[{}]", joined(items.iter().map(literal).collect())),
        Value::Object(properties) if properties.is_empty() => "{}".to_owned(),
        Value::Object(properties) => {
            let property = |(name, item): (&String, _)| format!("{}: {}", key(name), literal(item));
            format!("{{ {} }}", joined(properties.iter().map(property).collect()))
        }
        other => other.to_string(),
    }
}

/// The key of a property.
pub(super) fn key(name: &str) -> String {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$');
    let begins = name.bytes().next().is_some_and(|first| !first.is_ascii_digit());
    match name {
        // As a plain key it would set the prototype.
        "__proto__" => "['__proto__']".to_owned(),
        name if begins && name.bytes().all(is_part) => name.to_owned(),
        name => string(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn quotes_only_what_is_not_an_identifier() {
        let value = json!({ "$match": { "a.b": 1, "ok_1": [true, null, "it's"] }, "": {} });
        assert_eq!(
            literal(&value),
            r"{ $match: { 'a.b': 1, ok_1: [true, null, 'it\'s'] }, '': {} }"
        );
        assert_eq!(literal(&json!({ "__proto__": 1 })), "{ ['__proto__']: 1 }");
    }

    #[test]
    fn strings_stay_on_their_line() {
        assert_eq!(string("a\nb\u{2028}\\\r\0é"), r"'a\nb\u2028\\\u000d\u0000é'");
    }
}
