//! Long text, handed on in pieces while it is made.

use std::borrow::Cow;

/// About as many bytes as a piece has: few pieces, which a processor's cache still has room for.
const LENGTH: usize = 256 * 1024;

/// Collects text and hands it on piece by piece, so that there need not be a whole copy of it here: SQL
/// is some kilobytes for each relationship.
pub struct Pieces<'a> {
    piece: String,
    hand_on: &'a mut dyn FnMut(&str),
}

impl<'a> Pieces<'a> {
    /// Nothing yet. `hand_on` takes each piece.
    pub fn new(hand_on: &'a mut dyn FnMut(&str)) -> Self {
        Pieces { piece: String::new(), hand_on }
    }

    /// Appends text.
    pub fn push(&mut self, text: &str) {
        if self.piece.len() + text.len() > LENGTH {
            self.flush();
        }
        if text.len() > LENGTH {
            (self.hand_on)(text);
        } else {
            self.piece.push_str(text);
        }
    }

    /// Appends a line of comment after `mark`.
    pub fn comment(&mut self, mark: &str, text: &str) {
        self.push(mark);
        self.push(&on_one_line(text));
        self.push("\n");
    }

    /// Hands on what is left.
    pub fn finish(mut self) {
        self.flush();
    }

    fn flush(&mut self) {
        if !self.piece.is_empty() {
            (self.hand_on)(&self.piece);
            self.piece.clear();
        }
    }
}

/// Text for a comment: whatever would end the line, within a name, becomes a space.
pub fn on_one_line(text: &str) -> Cow<'_, str> {
    // Most names are plain, which is quickly seen.
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return Cow::Borrowed(text);
    }
    let ends_line = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    Cow::Owned(text.replace(ends_line, " "))
}

/// The whole text of what writes pieces, for those who want it at once.
#[cfg(test)]
pub(crate) fn whole<T>(write: impl FnOnce(&mut Pieces<'_>) -> T) -> (String, T) {
    let mut text = String::new();
    let mut append = |piece: &str| text.push_str(piece);
    let mut pieces = Pieces::new(&mut append);
    let result = write(&mut pieces);
    pieces.finish();
    (text, result)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hands_on_all_text_in_order_in_few_pieces() {
        let mut found = Vec::new();
        let mut append = |piece: &str| found.push(piece.to_owned());
        let mut pieces = Pieces::new(&mut append);
        let lines: Vec<String> = (0..100_000).map(|number| format!("line {number}\n")).collect();
        lines.iter().for_each(|line| pieces.push(line));
        pieces.push(&"x".repeat(2 * LENGTH));
        pieces.finish();
        assert!((3..20).contains(&found.len()), "{}", found.len());
        assert!(found.iter().all(|piece| piece.len() <= 2 * LENGTH));
        assert_eq!(found.concat(), lines.concat() + &"x".repeat(2 * LENGTH));
    }

    #[test]
    fn a_comment_is_one_line() {
        let (text, ()) = whole(|out| out.comment("-- ", "a\nb\u{2028}é"));
        assert_eq!(text, "-- a b é\n");
    }
}
