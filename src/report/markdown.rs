//! Text within Markdown, as GitHub and GitLab read it: what stands in it stays text.

use std::fmt;

use super::picture::{Fate, Mark, Note, Panel};

/// Escapes what the template puts in: every character that could begin some markup.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Escaper;

impl askama::filters::Escaper for Escaper {
    fn write_escaped_str<W: fmt::Write>(&self, mut out: W, text: &str) -> fmt::Result {
        text.chars().try_for_each(|c| self.write_escaped_char(&mut out, c))
    }

    fn write_escaped_char<W: fmt::Write>(&self, mut out: W, c: char) -> fmt::Result {
        match c {
            '&' => out.write_str("&amp;"),
            '<' => out.write_str("&lt;"),
            '>' => out.write_str("&gt;"),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '#' | '|' | '~' | '!' | '$' => {
                out.write_char('\\')?;
                out.write_char(c)
            }
            // Within a table or a list a line break would end the row or the item.
            c if c.is_control() => out.write_char(' '),
            c => out.write_char(c),
        }
    }
}

/// What a panel shows, each place in a cell of a table.
pub(super) fn cells(panel: &Panel) -> Vec<String> {
    let fields = panel.lists.iter().flat_map(|list| {
        list.fields.iter().map(|field| {
            let name = span(&format!("{}.{}", list.key, field.path));
            let type_name = span(&field.type_name);
            let place = field.elsewhere.as_ref().map(|place| [" ", &span(place)].concat());
            let what = format!("{type_name}, {}{}", field.how, place.unwrap_or_default());
            cell(&name, &what, &field.mark)
        })
    });
    let joins = panel.joins.iter().map(|join| {
        let columns: Vec<String> = join.columns.iter().map(|column| span(&column.name)).collect();
        let what = format!("{} with {}", join.kind, columns.join(" and "));
        cell(&span(&join.name), &what, &join.mark)
    });
    fields.chain(joins).collect()
}

fn cell(name: &str, what: &str, mark: &Mark) -> String {
    let mut text = match mark.fate {
        Fate::Dropped => format!("~~{name}~~"),
        _ => name.to_owned(),
    };
    text.push_str(&format!(": {what}"));
    if mark.fate != Fate::Stays {
        text.push_str(&format!(", **{}**", mark.fate.label()));
    }
    if let Some(links) = mark.links {
        let noun = if links == 1 { "link" } else { "links" };
        text.push_str(&format!(", {links} {noun}"));
    }
    if let Some(Note { text: note, place }) = &mark.note {
        text.push_str(&format!(", {note}"));
        text.extend(place.iter().map(|place| [" ", &span(place)].concat()));
    }
    text
}

/// A name as code, wherever it stands: in a table a bar would else end the cell.
pub(super) fn span(name: &str) -> String {
    let name: String = name.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let marks = "`".repeat(longest_run(&name) + 1);
    // Markdown takes one space away at each end.
    let pad = if name.starts_with('`') || name.ends_with('`') { " " } else { "" };
    [&marks, pad, &name.replace('|', "\\|"), pad, &marks].concat()
}

pub(super) fn fence(text: &str, language: &str) -> String {
    let marks = "`".repeat(longest_run(text).max(2) + 1);
    format!("{marks}{language}\n{}\n{marks}", text.trim_end_matches('\n'))
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use askama::filters::Escaper as _;

    use super::*;

    fn escaped(text: &str) -> String {
        let mut out = String::new();
        Escaper.write_escaped_str(&mut out, text).unwrap();
        out
    }

    #[test]
    fn keeps_text_text() {
        assert_eq!(
            escaped("a_b *c* | <img onerror=x> & `d`"),
            r"a\_b \*c\* \| &lt;img onerror=x&gt; &amp; \`d\`"
        );
        assert_eq!(escaped("one\ntwo"), "one two");
    }

    #[test]
    fn makes_code_that_its_text_cannot_end() {
        assert_eq!(span("Todo.readers"), "`Todo.readers`");
        assert_eq!(span("<img onerror>"), "`<img onerror>`");
        assert_eq!(span("a|b"), r"`a\|b`");
        assert_eq!(span("`a``b"), "``` `a``b ```");
        assert_eq!(fence("SELECT '```'\n", "sql"), "````sql\nSELECT '```'\n````");
    }
}
