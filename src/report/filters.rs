//! What the templates do with names and code, beyond what the library does by itself.

#![expect(unreachable_pub, reason = "the macro makes it so")]

use std::fmt::Display;

use askama::filters::{Escaper, Html, Safe};
use askama::{Result, Values};

use super::markdown::{fence, span};

/// HTML: a name that breaks after its underscores and dots first, where it has to, and never within an
/// arrow.
#[askama::filter_fn]
pub(crate) fn soft(name: impl Display, _: &dyn Values) -> Result<Safe<String>> {
    let mut text = String::new();
    for part in name.to_string().split_inclusive(['_', '.']) {
        if !text.is_empty() {
            text.push_str("<wbr>");
        }
        Html.write_escaped_str(&mut text, part)?;
    }
    // Its hyphen would else be a place to break.
    Ok(Safe(text.replace("-&#62;", "<span class=\"arrow\">-&#62;</span>")))
}

#[askama::filter_fn]
pub(crate) fn code(name: impl Display, _: &dyn Values) -> Result<Safe<String>> {
    Ok(Safe(span(&name.to_string())))
}

#[askama::filter_fn]
pub(crate) fn fenced(text: impl Display, _: &dyn Values, language: &str) -> Result<Safe<String>> {
    Ok(Safe(fence(&text.to_string(), language)))
}
