//! An allocator that counts: what is live and what the most was, over all threads and for the one that asks.
//!
//! It is unsafe by its signature: this is the one file of the tests that has unsafe code, and it is no part of the
//! program.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Makes a binary count: its `#[global_allocator]`.
pub(crate) struct Counting;

static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// Live bytes of this thread, and the most there were. What one thread takes another may give back.
    static OWN: Cell<(isize, isize)> = const { Cell::new((0, 0)) };
}

// SAFETY: every call goes to the system's allocator as it came; the counters touch no memory of its.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let live = LIVE.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        PEAK.fetch_max(live, Ordering::Relaxed);
        own(layout.size().cast_signed());
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        let live = LIVE.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        PEAK.fetch_max(live, Ordering::Relaxed);
        own(layout.size().cast_signed());
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        own(-layout.size().cast_signed());
        unsafe { System.dealloc(pointer, layout) }
    }
}

fn own(bytes: isize) {
    // A thread that ends has no counter any more, and nobody asks for it.
    let _ = OWN.try_with(|own| {
        let (live, peak) = own.get();
        let live = live.wrapping_add(bytes);
        own.set((live, peak.max(live)));
    });
}

/// What `work` gives, and the most that all threads had at a time beyond what was live before.
#[allow(dead_code, reason = "each test binary asks for one of the two")]
pub(crate) fn peak<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let before = LIVE.load(Ordering::Relaxed);
    PEAK.store(before, Ordering::Relaxed);
    let result = work();
    (result, PEAK.load(Ordering::Relaxed) - before)
}

/// The same of the thread at hand alone, whatever others do beside it.
#[allow(dead_code, reason = "each test binary asks for one of the two")]
pub(crate) fn own_peak<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let (before, _) = OWN.get();
    OWN.set((before, before));
    let result = work();
    let (_, peak) = OWN.get();
    (result, peak.wrapping_sub(before).max(0).cast_unsigned())
}
