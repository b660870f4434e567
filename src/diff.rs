//! The difference of two texts as a unified diff, which `patch` applies.

use similar::{ChangeTag, TextDiff};

/// The unified diff of two texts, line by line, with three lines of context. Empty when they are
/// equal.
///
/// `names` go into the two header lines; `color` adds ANSI colours like those of git.
pub fn unified(old: &str, new: &str, names: (&str, &str), color: bool) -> String {
    // Only a line feed ends a line, as it does for `patch`. The last line may lack it, and is then
    // not the same as one that has it.
    let [old, new] = [old, new].map(|text| text.split_inclusive('\n').collect::<Vec<_>>());
    let diff = TextDiff::from_slices(&old, &new);

    let mut text = String::new();
    let mut push = |code: Option<&str>, line: &str| match code.filter(|_| color) {
        Some(code) => text.push_str(&format!("\x1b[{code}m{line}\x1b[m\n")),
        None => text.extend([line, "\n"]),
    };
    for (at, hunk) in diff.unified_diff().iter_hunks().enumerate() {
        if at == 0 {
            push(Some("1"), &format!("--- {}", names.0));
            push(Some("1"), &format!("+++ {}", names.1));
        }
        push(Some("36"), &hunk.header().to_string());
        for change in hunk.iter_changes() {
            let (sign, code) = match change.tag() {
                ChangeTag::Equal => (' ', None),
                ChangeTag::Delete => ('-', Some("31")),
                ChangeTag::Insert => ('+', Some("32")),
            };
            let line = change.value();
            push(code, &format!("{sign}{}", line.strip_suffix('\n').unwrap_or(line)));
            if !line.ends_with('\n') {
                push(None, "\\ No newline at end of file");
            }
        }
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
