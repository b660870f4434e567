//! The difference of two texts, as `diff -u` shows it.

use similar::TextDiff;

/// How many lines around a change are shown.
const CONTEXT: usize = 3;

/// The unified diff of two texts, line by line, with three lines of context: the same as that of
/// `diff -u`. Empty when they are equal.
///
/// `names` go into the two header lines; `color` adds ANSI colours like those of git.
pub fn unified(old: &str, new: &str, names: (&str, &str), color: bool) -> String {
    if old == new {
        return String::new();
    }
    let diff = TextDiff::from_lines(old, new);
    let text = diff.unified_diff().context_radius(CONTEXT).header(names.0, names.1).to_string();
    if color { painted(&text) } else { text }
}

fn painted(diff: &str) -> String {
    let mut text = String::with_capacity(diff.len() * 2);
    for (number, line) in diff.split_inclusive('\n').enumerate() {
        let code = match line.as_bytes().first() {
            _ if number < 2 => "1",
            Some(b'@') => "36",
            Some(b'-') => "31",
            Some(b'+') => "32",
            _ => {
                text.push_str(line);
                continue;
            }
        };
        let (line, end) = match line.strip_suffix('\n') {
            Some(line) => (line, "\n"),
            None => (line, ""),
        };
        text.push_str(&format!("\x1b[{code}m{line}\x1b[m{end}"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_three_lines_of_context() {
        let old = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";
        let new = old.replace("5\n", "five\n");
        let expected = "--- a\n+++ b\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n";
        assert_eq!(unified(old, &new, ("a", "b"), false), expected);
    }

    #[test]
    fn is_empty_for_equal_texts_and_minds_line_ends() {
        assert_eq!(unified("a\n", "a\n", ("a", "b"), true), "");
        let diff = unified("a\nb\n", "a\nb", ("a", "b"), false);
        assert!(diff.ends_with("-b\n+b\n\\ No newline at end of file\n"), "{diff}");
        assert!(unified("a\r\n", "a\n", ("a", "b"), false).contains("-a\r\n+a\n"));
    }

    #[test]
    fn colours_change_nothing_else() {
        let colored = unified("a\nb\n", "a\nc\n", ("x", "y"), true);
        let mut plain = colored.clone();
        for code in ["\x1b[1m", "\x1b[36m", "\x1b[31m", "\x1b[32m", "\x1b[m"] {
            plain = plain.replace(code, "");
        }
        assert_eq!(plain, unified("a\nb\n", "a\nc\n", ("x", "y"), false));
        assert!(colored.contains("\x1b[31m-b\x1b[m\n"));
    }
}
