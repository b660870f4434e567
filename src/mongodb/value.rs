//! What the server is told, as a tree of plain data, and the macro [`json!`] that writes it.
//!
//! `serde_json` would do, but for the time it takes: a script has hundreds of nodes for each
//! relationship, and here the names of operators, which are most of them, are not copied and objects
//! are lists.

use std::borrow::Cow;

use serde::ser::{Serialize, SerializeMap, Serializer};

/// Text that is part of this program, or was made for this migration.
pub(super) type Text = Cow<'static, str>;

/// Plain data.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Null,
    Bool(bool),
    Number(i64),
    String(Text),
    Array(Vec<Value>),
    /// In the order in which it is to be written: to the server that matters.
    Object(Vec<(Text, Value)>),
}

/// A value in the notation of JSON, with expressions wherever a value may be. Keys are literals,
/// variables or fields (`&from.field`). Values are moved into it: borrow what is used again.
macro_rules! json {
    (null) => { $crate::mongodb::value::Value::Null };
    ([ $($items:tt)* ]) => { json!(@items [] $($items)*) };
    ({ $($properties:tt)* }) => { json!(@properties [] $($properties)*) };

    // What is done, then what is left.
    (@items [ $($done:expr,)* ]) => { $crate::mongodb::value::Value::Array(vec![$($done),*]) };
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
        json!(@value [ $($done,)* ] ($crate::mongodb::value::Text::Borrowed($key)) $($rest)*)
    };
    (@properties [ $($done:expr,)* ] $key:ident : $($rest:tt)*) => {
        json!(@value [ $($done,)* ] ($crate::mongodb::value::Text::Owned($key.to_string())) $($rest)*)
    };
    (@properties [ $($done:expr,)* ] & $owner:ident . $key:ident : $($rest:tt)*) => {
        json!(@value [ $($done,)* ] ($crate::mongodb::value::Text::Owned($owner.$key.to_string())) $($rest)*)
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

impl Value {
    /// A literal of this program, which need not be copied.
    pub(super) fn constant(literal: impl Constant) -> Self {
        literal.value()
    }

    /// Adds a property to an object.
    pub(super) fn set(&mut self, key: &'static str, value: Value) {
        if let Value::Object(properties) = self {
            properties.push((Text::Borrowed(key), value));
        }
    }
}

/// A literal in the source of this program.
pub(super) trait Constant {
    fn value(self) -> Value;
}

impl Constant for &'static str {
    fn value(self) -> Value {
        Value::String(Text::Borrowed(self))
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

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Value::String(Text::Owned(text.to_owned()))
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Value::from(text.as_str())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Value::String(Text::Owned(text))
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

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Value::Null => serializer.serialize_unit(),
            Value::Bool(value) => serializer.serialize_bool(*value),
            Value::Number(number) => serializer.serialize_i64(*number),
            Value::String(text) => serializer.serialize_str(text),
            Value::Array(items) => serializer.collect_seq(items),
            Value::Object(properties) => {
                let mut map = serializer.serialize_map(Some(properties.len()))?;
                for (name, value) in properties {
                    map.serialize_entry(name, value)?;
                }
                map.end()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn is_what_it_looks_like() {
        struct Field {
            field: String,
        }
        let (own, from) = ("near", Field { field: "tags".to_owned() });
        let value = json!({
            "$a": [1, true, null, "x", [], {}, own, [own]],
            own: { "$exists": false, "b": null },
            &from.field: format!("${own}"),
        });
        assert_eq!(
            serde_json::to_string(&value).unwrap(),
            r#"{"$a":[1,true,null,"x",[],{},"near",["near"]],"near":{"$exists":false,"b":null},"tags":"$near"}"#
        );
    }
}
