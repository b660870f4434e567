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
pub(super) fn cells(panel: &Panel<'_>) -> Vec<String> {
    let mut cells = Vec::new();
    for (list, fields) in panel.lists() {
        for field in fields {
            let name = span(&format!("{}.{}", list.key, field.path));
            let what = format!("{}, {}", span(&field.type_name), words(&field.how));
            cells.push(cell(&name, &what, &field.mark));
        }
    }
    for join in panel.joins() {
        let [near, far] = join.columns.map(|column| span(column.name));
        let what = format!("{} with {near} and {far}", join.kind);
        cells.push(cell(&span(join.name), &what, &join.mark));
    }
    cells
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
    if let Some(note) = &mark.note {
        text.push_str(&format!(", {}", words(note)));
    }
    text
}

fn words(note: &Note<'_>) -> String {
    match note.place {
        Some(place) => format!("{} {}", note.text, span(place)),
        None => note.text.to_owned(),
    }
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
