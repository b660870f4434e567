//! The difference of two texts, byte for byte as GNU `diff -u` shows it.
//!
//! Of two texts there are many shortest differences, and which of them is shown decides how well it
//! reads: whether a table that is gone shows as one block or in pieces, between lines such as `);` that
//! all tables have. People know the choice that GNU diff makes, so this makes the same one: the rules
//! are those of GNU diff, the code is not. Its steps, each in a module of its own, work on numbers, the
//! same for equal lines.
//!
//! 1. `script` leaves out what both texts begin and end with, and ties the other steps together.
//! 2. `confusing` sets aside lines that would only mislead the comparison.
//! 3. `sequence` finds what the remaining lines have in common.
//! 4. `slide` moves each run of changes to where it reads best.
//!
//! `similar` then groups the changes into hunks with lines of context around them.

mod confusing;
mod script;
mod sequence;
mod slide;

use rustc_hash::FxHashMap;
use similar::udiff::UnifiedHunkHeader;
use similar::{ChangeTag, group_diff_ops};

/// How many lines around a change are shown.
const CONTEXT: usize = 3;

/// The unified diff of two texts, line by line, with three lines of context: what `diff -u` prints.
/// Empty when they are equal.
///
/// `names` go into the two header lines; `color` adds ANSI colours like those of git.
pub fn unified(old: &str, new: &str, names: (&str, &str), color: bool) -> String {
    if old == new {
        return String::new();
    }
    // Only a line feed ends a line. The last line may lack it, and then equals none that has it.
    let [old, new] = [old, new].map(|text| text.split_inclusive('\n').collect::<Vec<_>>());
    let mut numbers = FxHashMap::default();
    let [old_numbers, new_numbers] = [&old, &new].map(|lines| numbered(lines, &mut numbers));
    let changes = script::changes(&old_numbers, &new_numbers, numbers.len());

    let mut text = format!("--- {}\n+++ {}\n", names.0, names.1);
    for hunk in group_diff_ops(changes, CONTEXT) {
        text.push_str(&format!("{}\n", UnifiedHunkHeader::new(&hunk)));
        for line in hunk.iter().flat_map(|change| change.iter_changes(&old, &new)) {
            text.push(match line.tag() {
                ChangeTag::Equal => ' ',
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
            });
            text.push_str(line.value());
            if !line.value().ends_with('\n') {
                text.push_str("\n\\ No newline at end of file\n");
            }
        }
    }
    if color { painted(&text) } else { text }
}

/// The lines as numbers, the same for equal lines: from 0 on, without gaps.
fn numbered<'a>(lines: &[&'a str], numbers: &mut FxHashMap<&'a str, u32>) -> Vec<u32> {
    let number = |line: &&'a str| {
        let next = numbers.len() as u32;
        *numbers.entry(*line).or_insert(next)
    };
    lines.iter().map(number).collect()
}

/// The power of two at or below the square root of a number: what grows with a text, but slowly.
fn root(number: usize) -> usize {
    1 << (number.max(1).ilog2() / 2)
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
mod conformance;

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
