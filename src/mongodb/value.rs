//! What the server is told, as a tree of plain data, and the macro [`json!`] that writes it.
//!
//! `serde_json` would do, but for two things: here a part of the tree may be the call of a [`Block`],
//! and the names of operators, which are most of the text, are not copied.

use std::borrow::Cow;

use serde::ser::{Error, Serialize, SerializeMap, SerializeSeq, Serializer};

use super::block::Block;

/// Text, which may be made of the parameters of a block.
#[derive(Debug, Clone)]
pub(super) enum Text {
    /// Text that is part of this program, or was made for this migration.
    Literal(Cow<'static, str>),
    /// A parameter, or a property of one: `from.field`. By itself it may stand for any value.
    Parameter(Cow<'static, str>),
    /// Two or more of the above, one after another.
    Joined(Vec<Text>),
}

/// Plain data, and how it is put together.
#[derive(Debug, Clone)]
pub(super) enum Value {
    Null,
    Bool(bool),
    Number(i64),
    Text(Text),
    Array(Vec<Value>),
    /// In the order in which it is to be written: to the server that matters.
    Object(Vec<(Text, Value)>),
    /// In an array: the items of another one.
    Spread(Box<Value>),
    /// What a block makes of arguments.
    Call(&'static Block, Vec<Value>),
}

/// A value in the notation of JSON, with expressions wherever a value may be, `..items` for the items of
/// another array, and `[name]` for a key that is no literal. Values are moved into it: borrow what is
/// used again.
macro_rules! json {
    (null) => { $crate::mongodb::value::Value::Null };
    ([ $($items:tt)* ]) => { json!(@items [] $($items)*) };
    ({ $($properties:tt)* }) => { json!(@properties [] $($properties)*) };

    // What is done, then what is left.
    (@items [ $($done:expr,)* ]) => { $crate::mongodb::value::Value::Array(vec![$($done),*]) };
    (@items [ $($done:expr,)* ] .. $array:expr $(, $($rest:tt)*)?) => {
        json!(@items [ $($done,)* $crate::mongodb::value::Value::spread($array), ] $($($rest)*)?)
    };
    (@items [ $($done:expr,)* ] null $(, $($rest:tt)*)?) => {
        json!(@items [ $($done,)* $crate::mongodb::value::Value::Null, ] $($($rest)*)?)
    };
    (@items [ $($done:expr,)* ] [ $($inner:tt)* ] $(, $($rest:tt)*)?) => {
        json!(@items [ $($done,)* json!([ $($inner)* ]), ] $($($rest)*)?)
    };
    (@items [ $($done:expr,)* ] { $($inner:tt)* } $(, $($rest:tt)*)?) => {
        json!(@items [ $($done,)* json!({ $($inner)* }), ] $($($rest)*)?)
    };
    (@items [ $($done:expr,)* ] $item:literal $(, $($rest:tt)*)?) => {
        json!(@items [ $($done,)* $crate::mongodb::value::Value::constant($item), ] $($($rest)*)?)
    };
    (@items [ $($done:expr,)* ] $item:expr $(, $($rest:tt)*)?) => {
        json!(@items [ $($done,)* $crate::mongodb::value::Value::from($item), ] $($($rest)*)?)
    };

    (@properties [ $($done:expr,)* ]) => { $crate::mongodb::value::Value::Object(vec![$($done),*]) };
    (@properties [ $($done:expr,)* ] $key:literal : $($rest:tt)*) => {
        json!(@value [ $($done,)* ] ($crate::mongodb::value::Text::from($key)) $($rest)*)
    };
    (@properties [ $($done:expr,)* ] [ $key:expr ] : $($rest:tt)*) => {
        json!(@value [ $($done,)* ] ($crate::mongodb::value::Text::from($key)) $($rest)*)
    };
    (@value [ $($done:expr,)* ] ($key:expr) null $(, $($rest:tt)*)?) => {
        json!(@properties [ $($done,)* ($key, $crate::mongodb::value::Value::Null), ] $($($rest)*)?)
    };
    (@value [ $($done:expr,)* ] ($key:expr) [ $($inner:tt)* ] $(, $($rest:tt)*)?) => {
        json!(@properties [ $($done,)* ($key, json!([ $($inner)* ])), ] $($($rest)*)?)
    };
    (@value [ $($done:expr,)* ] ($key:expr) { $($inner:tt)* } $(, $($rest:tt)*)?) => {
        json!(@properties [ $($done,)* ($key, json!({ $($inner)* })), ] $($($rest)*)?)
    };
    (@value [ $($done:expr,)* ] ($key:expr) $value:literal $(, $($rest:tt)*)?) => {
        json!(@properties [ $($done,)* ($key, $crate::mongodb::value::Value::constant($value)), ] $($($rest)*)?)
    };
    (@value [ $($done:expr,)* ] ($key:expr) $value:expr $(, $($rest:tt)*)?) => {
        json!(@properties [ $($done,)* ($key, $crate::mongodb::value::Value::from($value)), ] $($($rest)*)?)
    };

    ($value:literal) => { $crate::mongodb::value::Value::constant($value) };
    ($value:expr) => { $crate::mongodb::value::Value::from($value) };
}
pub(super) use json;

/// Text that is put together: `text!["$", field]`.
macro_rules! text {
    [ $($part:expr),+ $(,)? ] => {
        $crate::mongodb::value::Value::Text($crate::mongodb::value::Text::joined([
            $($crate::mongodb::value::Text::from($part)),+
        ]))
    };
}
pub(super) use text;

impl Text {
    pub(super) fn joined(parts: impl IntoIterator<Item = Text>) -> Self {
        let mut joined: Vec<Text> = Vec::new();
        let single = parts.into_iter().flat_map(|part| match part {
            Text::Joined(inner) => inner,
            part => vec![part],
        });
        for part in single {
            match (joined.last_mut(), part) {
                (Some(Text::Literal(before)), Text::Literal(text)) => {
                    before.to_mut().push_str(&text)
                }
                (_, part) => joined.push(part),
            }
        }
        if joined.len() == 1 { joined.remove(0) } else { Text::Joined(joined) }
    }

    fn literal(&self) -> Option<&str> {
        match self {
            Text::Literal(text) => Some(text),
            Text::Parameter(_) | Text::Joined(_) => None,
        }
    }
}

impl Value {
    /// A literal of this program, which need not be copied.
    pub(super) fn constant(literal: impl Constant) -> Self {
        literal.value()
    }

    /// A parameter, or whatever else has a name where the value is written.
    pub(super) fn parameter(name: &'static str) -> Self {
        Value::Text(Text::Parameter(Cow::Borrowed(name)))
    }

    pub(super) fn spread(array: impl Into<Value>) -> Self {
        Value::Spread(Box::new(array.into()))
    }

    /// A property of an object, or of the parameter that stands for one.
    pub(super) fn property(&self, key: &'static str) -> Option<Value> {
        match self {
            Value::Text(Text::Parameter(name)) => {
                Some(Value::Text(Text::Parameter(format!("{name}.{key}").into())))
            }
            Value::Object(properties) => {
                let own = properties.iter().find(|(name, _)| name.literal() == Some(key));
                own.map(|(_, value)| value.clone())
            }
            Value::Call(block, arguments) => block.expand(arguments).property(key),
            _ => None,
        }
    }

    /// A property that has to be there.
    pub(super) fn at(&self, key: &'static str) -> Value {
        self.property(key).unwrap_or_else(|| unreachable!("no {key} in {self:?}"))
    }
}

/// A literal in the source of this program.
pub(super) trait Constant {
    fn value(self) -> Value;
}

impl Constant for &'static str {
    fn value(self) -> Value {
        Value::Text(Text::from(self))
    }
}

impl Constant for i64 {
    fn value(self) -> Value {
        Value::Number(self)
    }
}

impl Constant for bool {
    fn value(self) -> Value {
        Value::Bool(self)
    }
}

impl From<&'static str> for Text {
    fn from(text: &'static str) -> Self {
        Text::Literal(Cow::Borrowed(text))
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Text::Literal(Cow::Owned(text))
    }
}

impl From<Value> for Text {
    fn from(value: Value) -> Self {
        match value {
            Value::Text(text) => text,
            other => unreachable!("no text: {other:?}"),
        }
    }
}

impl From<&Value> for Text {
    fn from(value: &Value) -> Self {
        Text::from(value.clone())
    }
}

impl From<&Value> for Value {
    fn from(value: &Value) -> Self {
        value.clone()
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Value::from(text.to_owned())
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Value::from(text.clone())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Value::Text(Text::from(text))
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Value::Bool(value)
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Value::Number(number.into())
    }
}

impl<T: Into<Value>> From<Vec<T>> for Value {
    fn from(items: Vec<T>) -> Self {
        Value::Array(items.into_iter().map(T::into).collect())
    }
}

/// Written to the end: what the calls make, in place of the calls.
impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Value::Null => serializer.serialize_unit(),
            Value::Bool(value) => serializer.serialize_bool(*value),
            Value::Number(number) => serializer.serialize_i64(*number),
            Value::Text(text) => text.serialize(serializer),
            Value::Array(items) => {
                let mut sequence = serializer.serialize_seq(None)?;
                serialize_items(items, &mut sequence)?;
                sequence.end()
            }
            Value::Object(properties) => {
                let mut map = serializer.serialize_map(Some(properties.len()))?;
                for (name, value) in properties {
                    map.serialize_entry(name, value)?;
                }
                map.end()
            }
            Value::Call(block, arguments) => block.expand(arguments).serialize(serializer),
            Value::Spread(_) => Err(S::Error::custom("items are in an array")),
        }
    }
}

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Text::Literal(text) => serializer.serialize_str(text),
            Text::Parameter(name) => Err(S::Error::custom(format!("{name} is not known here"))),
            Text::Joined(_) => Err(S::Error::custom("a part of a text is not known here")),
        }
    }
}

fn serialize_items<S: SerializeSeq>(items: &[Value], sequence: &mut S) -> Result<(), S::Error> {
    for item in items {
        match item {
            Value::Spread(inner) => serialize_spread(inner, sequence)?,
            item => sequence.serialize_element(item)?,
        }
    }
    Ok(())
}

fn serialize_spread<S: SerializeSeq>(array: &Value, sequence: &mut S) -> Result<(), S::Error> {
    match array {
        Value::Array(items) => serialize_items(items, sequence),
        Value::Call(block, arguments) => serialize_spread(&block.expand(arguments), sequence),
        _ => Err(S::Error::custom("only an array has items")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_what_it_looks_like() {
        let (own, stages) = ("near", json!([1, 2]));
        let value = json!({
            "$a": [1, true, null, "x", [], {}, own, [own], ..&stages, ..json!([3])],
            [own]: { "$exists": false, "b": null },
            [text!["a", own]]: text!["$", own],
        });
        assert_eq!(
            serde_json::to_string(&value).unwrap(),
            r#"{"$a":[1,true,null,"x",[],{},"near",["near"],1,2,3],"near":{"$exists":false,"b":null},"anear":"$near"}"#
        );
    }

    #[test]
    fn text_is_as_short_as_it_can_be() {
        let field = Value::parameter("field");
        assert!(
            matches!(text!["$", "a", String::from("b")], Value::Text(Text::Literal(text)) if text == "$ab")
        );
        assert!(matches!(text![&field], Value::Text(Text::Parameter(name)) if name == "field"));
        let place = text!["a", "b", &field, ".", text!["c", field.at("x")]];
        assert_eq!(
            format!("{place:?}"),
            r#"Text(Joined([Literal("ab"), Parameter("field"), Literal(".c"), Parameter("field.x")]))"#
        );
    }

    #[test]
    fn parameters_are_no_data() {
        let field = Value::parameter("field");
        for value in [json!([&field]), json!({ [&field]: 1 }), json!({ "a": text!["$", &field] })] {
            assert!(serde_json::to_string(&value).is_err(), "{value:?}");
        }
    }
}
