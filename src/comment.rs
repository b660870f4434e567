//! Comments of a script.

/// Appends a line of comment after `mark`. A name may hold what would end the line, and with it the
/// comment: that becomes a space.
pub fn push_comment(script: &mut String, mark: &str, text: &str) {
    let ends_line = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    let line = format!("{mark} {}", text.replace(ends_line, " "));
    script.push_str(line.trim_end());
    script.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_is_one_line() {
        let mut script = String::new();
        push_comment(&mut script, "--", "a\nb\u{2028}é");
        push_comment(&mut script, "//", "");
        assert_eq!(script, "-- a b é\n//\n");
    }
}
