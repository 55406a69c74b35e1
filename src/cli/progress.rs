//! A bar on standard error while a scan runs, if a person is there to see it.

use crate::scan::Progress;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Shows progress until it is dropped.
pub(super) struct Display {
    done: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Display {
    /// Starts to draw, unless the user wants quiet or standard error is no terminal.
    pub(super) fn start(progress: Arc<Progress>, quiet: bool) -> Self {
        let done = Arc::new(AtomicBool::new(false));
        let wanted = !quiet && std::io::stderr().is_terminal();
        let thread = wanted.then(|| {
            let done = done.clone();
            thread::spawn(move || draw(&progress, &done))
        });
        Self { done, thread }
    }
}

fn draw(progress: &Progress, done: &AtomicBool) {
    const BEAT: Duration = Duration::from_millis(100);
    // Short scans end before anything would be readable.
    thread::park_timeout(5 * BEAT);
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("{spinner} {bytes} of {total_bytes}  {wide_bar}  {elapsed}") {
        bar.set_style(style);
    }
    while !done.load(Ordering::Relaxed) {
        bar.set_length(progress.total().max(progress.done()));
        bar.set_position(progress.done());
        bar.tick();
        thread::park_timeout(BEAT);
    }
    bar.finish_and_clear();
}

impl Drop for Display {
    fn drop(&mut self) {
        self.done.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // A bar that failed to be drawn is no reason to fail.
            let _ = thread.join();
        }
    }
}
