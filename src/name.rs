//! Names, and how much of them PostgreSQL keeps.

use std::rc::Rc;

/// What PostgreSQL keeps of an identifier: `NAMEDATALEN` - 1 bytes.
pub const MAX_BYTES: usize = 63;

/// A name. It is shared by all that mention it: in a large project those are very many.
pub type Name = Rc<str>;

pub fn stored(name: &Name) -> Name {
    match clip(name) {
        clipped if clipped.len() == name.len() => Name::clone(name),
        clipped => clipped.into(),
    }
}

/// The name as PostgreSQL stores it: its first 63 bytes, without half a character at the end.
pub fn clip(name: &str) -> &str {
    clip_to(name, MAX_BYTES)
}

pub fn clip_to(name: &str, bytes: usize) -> &str {
    if name.len() <= bytes {
        return name;
    }
    let end = (0..=bytes).rev().find(|&end| name.is_char_boundary(end));
    &name[..end.unwrap_or(0)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clips_at_63_bytes_without_splitting_a_character() {
        assert_eq!(clip(&"a".repeat(70)).len(), 63);
        assert_eq!(clip(&format!("{}é", "a".repeat(62))).len(), 62);
        assert_eq!(clip("short"), "short");
    }
}
