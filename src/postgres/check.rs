//! What a check is: the same value is a `DO` block of the script and a question of `--check`.

use super::quote::{block, literal};

/// A check: a query for what is wrong, and what is said of it.
pub(super) struct Check {
    /// A query for one row, indented by four spaces. Each trouble has a column of text, which is null
    /// where all is well.
    pub(super) query: String,
    /// The worst first.
    pub(super) troubles: Vec<Trouble>,
}

pub(super) struct Trouble {
    /// The query's column of what is found.
    pub(super) column: &'static str,
    pub(super) code: &'static str,
    /// What is wrong. `%s` stands for what is found.
    pub(super) message: &'static str,
    pub(super) hint: String,
    /// Whether it means that there is nothing to do. The script stops all the same, but with an SQLSTATE
    /// of its own: for a migration file that is no failure.
    pub(super) is_idle: bool,
}

/// The SQLSTATE that says that there is nothing to do.
const IDLE: &str = "KSNOP";

impl Check {
    pub(super) fn columns(&self) -> Vec<&'static str> {
        self.troubles.iter().map(|trouble| trouble.column).collect()
    }

    /// A statement that raises an error for the worst trouble.
    pub(super) fn statement(&self) -> String {
        let branch = |Trouble { column, message, hint, is_idle, .. }: &Trouble| {
            let message = match message.contains("%s") {
                true => format!("format({}, trouble.{column})", literal(message)),
                false => literal(message),
            };
            let state = match is_idle {
                true => format!("\n        ERRCODE = {},", literal(IDLE)),
                false => String::new(),
            };
            format!(
                "IF trouble.{column} IS NOT NULL THEN
      RAISE EXCEPTION USING{state}
        MESSAGE = {message},
        HINT = {};\n",
                literal(&unchanged(hint))
            )
        };
        let branches: Vec<String> = self.troubles.iter().map(branch).collect();
        let body = format!(
            "DECLARE\n  trouble record;\nBEGIN\n  FOR trouble IN\n{}\n  LOOP\n    {}    END IF;\n  END LOOP;\nEND",
            self.query,
            branches.join("    ELS")
        );
        block(&body)
    }
}

/// A hint of the script, where a check comes before any change.
pub(super) fn unchanged(hint: &str) -> String {
    ["Nothing has been changed. ", hint].concat()
}

/// A message with each `%s` replaced, as by the server's `format`.
pub(super) fn fill(template: &str, values: &[&str]) -> String {
    let mut parts = template.split("%s");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for (part, value) in parts.zip(values) {
        text.push_str(value);
        text.push_str(part);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fills_a_message_in_order() {
        assert_eq!(fill("%s has %s", &["a%s", "b"]), "a%s has b");
        assert_eq!(fill("nothing", &[]), "nothing");
    }
}
