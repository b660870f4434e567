//! Where a run of changes stands that could stand in several places.
//!
//! When a run is followed by the line that it begins with, it can as well begin one line later: of
//! `a [b a] b` the same is left as of `a b [a b]`. A run goes as far towards the end as it can, and
//! becomes one with the runs that it meets. If on its way it can stand beside changes of the other
//! text, it goes there instead, so that the two show as one change.

/// Moves the runs of changed lines of one text, given what is changed in the other.
pub(super) fn align(lines: &[u32], changed: &mut [bool], other: &[bool]) {
    let other_end = other.iter().take_while(|changed| **changed).count();
    let mut run = Run { lines, changed, other, start: 0, end: 0, other_end };
    while run.find_next() {
        let mut met;
        loop {
            let length = run.length();
            while run.can_go_back() {
                run.go_back();
            }
            met = run.meets_other().then_some(run.end);
            while run.can_go_on() {
                run.go_on();
                if run.meets_other() {
                    met = Some(run.end);
                }
            }
            // A run that grew by others may now go further back.
            if run.length() == length {
                break;
            }
        }
        while met.is_some_and(|end| end < run.end) {
            run.go_back();
        }
    }
}

/// A run of changed lines.
struct Run<'a> {
    lines: &'a [u32],
    changed: &'a mut [bool],
    other: &'a [bool],
    start: usize,
    end: usize,
    /// Where in the other text the run ends, after what is changed there.
    other_end: usize,
}

impl Run<'_> {
    fn length(&self) -> usize {
        self.end - self.start
    }

    /// The run that comes next in the text, if any.
    fn find_next(&mut self) -> bool {
        while !is(self.changed, self.end) {
            if self.end == self.lines.len() {
                return false;
            }
            self.end += 1;
            self.pass_unchanged();
        }
        self.start = self.end;
        self.take_in_following();
        true
    }

    /// Whether the other text has changes where the run ends.
    fn meets_other(&self) -> bool {
        self.other_end > 0 && self.other[self.other_end - 1]
    }

    fn can_go_back(&self) -> bool {
        self.start > 0 && self.lines[self.start - 1] == self.lines[self.end - 1]
    }

    /// One line towards the beginning.
    fn go_back(&mut self) {
        self.start -= 1;
        self.end -= 1;
        self.changed[self.start] = true;
        self.changed[self.end] = false;
        while self.start > 0 && self.changed[self.start - 1] {
            self.start -= 1;
        }
        while self.meets_other() {
            self.other_end -= 1;
        }
        self.other_end -= 1;
    }

    fn can_go_on(&self) -> bool {
        self.end < self.lines.len() && self.lines[self.start] == self.lines[self.end]
    }

    /// One line towards the end.
    fn go_on(&mut self) {
        self.changed[self.start] = false;
        self.changed[self.end] = true;
        self.start += 1;
        self.end += 1;
        self.take_in_following();
        self.pass_unchanged();
    }

    fn take_in_following(&mut self) {
        while is(self.changed, self.end) {
            self.end += 1;
        }
    }

    /// Follows one unchanged line in the other text, and the changes after it.
    fn pass_unchanged(&mut self) {
        self.other_end += 1;
        while is(self.other, self.other_end) {
            self.other_end += 1;
        }
    }
}

fn is(marks: &[bool], at: usize) -> bool {
    marks.get(at).copied().unwrap_or(false)
}
