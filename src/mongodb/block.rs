//! The building blocks of a migration: functions from values to values, each defined once.
//!
//! A script for mongosh defines those that it uses and calls them by name, so that people can read it.
//! A driver gets what they make.

use super::value::Value;

/// A function whose result depends on its arguments alone, so that its own parameters can be put in
/// their place: that is its definition.
pub(super) struct Block {
    pub(super) name: &'static str,
    pub(super) parameters: &'static [&'static str],
    /// What it makes, as lines of a comment.
    pub(super) about: &'static [&'static str],
    /// How it makes that.
    pub(super) body: fn(&[Value]) -> Value,
}

impl Block {
    /// What it makes of arguments.
    pub(super) fn expand(&self, arguments: &[Value]) -> Value {
        (self.body)(arguments)
    }

    /// What it makes of whatever its parameters stand for.
    pub(super) fn definition(&self) -> Value {
        let parameters = self.parameters.iter().copied().map(Value::parameter);
        self.expand(&parameters.collect::<Vec<_>>())
    }
}

impl std::fmt::Debug for Block {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// Defines blocks, each as a function that gives a call of it, and `BLOCKS` with all of them.
///
/// One that has `[reading]` after its name has a definition for each
/// [`Reading`](super::expression::Reading). A migration reads in one way, so that the name is enough.
macro_rules! blocks {
    ($(
        $(#[doc = $about:literal])+
        fn $name:ident $([$reading:ident])? ($($parameter:ident),*) $body:block
    )+) => {
        /// The blocks of this file: each calls only such as come before it, here or in a file before.
        pub(super) static BLOCKS: &[&[$crate::mongodb::block::Block]] = &[$(&$name::BLOCKS),+];
        $(
            $(#[doc = $about])+
            pub(super) fn $name(
                $($reading: $crate::mongodb::expression::Reading,)?
                $($parameter: impl Into<Value>),*
            ) -> Value {
                let which = 0 $(+ $reading as usize)?;
                Value::Call(&$name::BLOCKS[which], vec![$($parameter.into()),*])
            }

            mod $name {
                use super::*;

                blocks!(@definitions [$($reading)?] $name ($($parameter),*) [$($about),+] $body);
            }
        )+
    };
    (@definitions [] $($block:tt)+) => {
        pub(super) static BLOCKS: [$crate::mongodb::block::Block; 1] = [blocks!(@block [] $($block)+)];
    };
    (@definitions [$reading:ident] $($block:tt)+) => {
        pub(super) static BLOCKS: [$crate::mongodb::block::Block; 2] = [
            blocks!(@block [let $reading = Reading::Strict;] $($block)+),
            blocks!(@block [let $reading = Reading::Lenient;] $($block)+),
        ];
    };
    (@block [$($let:tt)*] $name:ident ($($parameter:ident),*) [$($about:literal),+] $body:block) => {
        $crate::mongodb::block::Block {
            name: stringify!($name),
            parameters: &[$(stringify!($parameter)),*],
            about: &[$($about),+],
            body: |arguments| {
                let [$($parameter),*] = arguments else { unreachable!("{arguments:?}") };
                $($let)*
                $body
            },
        }
    };
}
pub(super) use blocks;
