//! The lock of a lane: parking_lot's, or, where `--cfg sidecar_loom` is set, loom's with the same names.

#[cfg(sidecar_loom)]
pub(crate) use modelled::{Mutex, MutexGuard};
#[cfg(not(sidecar_loom))]
pub(crate) use parking_lot::{Mutex, MutexGuard};

#[cfg(sidecar_loom)]
mod modelled {
    use sidecar_core::sync;
    pub(crate) use sidecar_core::sync::MutexGuard;

    #[derive(Debug, Default)]
    pub(crate) struct Mutex<T>(sync::Mutex<T>);

    impl<T> Mutex<T> {
        pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
            self.0.lock().expect("no panic in a model")
        }

        pub(crate) fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
            self.0.try_lock().ok()
        }
    }
}
