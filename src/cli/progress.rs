//! Progress bars on standard error, only when it is a terminal.
use super::Context;
use indicatif::{ProgressBar, ProgressStyle};

/// A bar that may be invisible.
pub struct Bar(ProgressBar);

/// A bar counting `what`.
pub fn bar(cx: &Context, what: &str) -> Bar {
    if !cx.progress {
        return Bar(ProgressBar::hidden());
    }
    let bar = ProgressBar::new(0);
    let style = ProgressStyle::with_template(&format!("{{bar:32}} {{human_pos}}/{{human_len}} {what}, {{eta}} left"));
    if let Ok(style) = style {
        bar.set_style(style);
    }
    Bar(bar)
}

impl Bar {
    /// `done` of `all`.
    pub fn at(&self, done: u64, all: u64) {
        self.0.set_length(all);
        self.0.set_position(done);
    }

    /// Takes the bar off the screen.
    pub fn finish(&self) {
        self.0.finish_and_clear();
    }
}
