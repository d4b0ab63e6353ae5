//! What became of an offered event.

/// The answer to an `observe`. May be ignored: the ledger has it too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Observed {
    /// In the queue, to be handled.
    Accepted,
    /// Not kept, by the sampling decision.
    SampledOut,
    /// Not kept, for the reason given.
    Dropped(Reason),
}

/// Why an event was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// The queue was full of events of other lanes, or its policy keeps the oldest.
    QueueFull,
    /// It made room for a newer event of the same lane.
    Evicted,
    /// Its lane and the shared one were both taken at that very moment.
    Contended,
    /// The queue holds as many bytes as it may, or the event alone is larger than that.
    Bytes,
    /// The sampling decision would have kept it, a budget did not.
    Budget,
    /// Observing is switched off.
    Disabled,
    /// The observer has been stopped.
    Stopped,
    /// It was observed in a forked child of the process that started the observer. The child's copy has no worker;
    /// an observer that is started there has one.
    Forked,
    /// It was observed on the worker thread, by a handler: it could only feed itself.
    Reentrant,
}

impl Reason {
    /// Every reason.
    pub const ALL: &'static [Self] = &[
        Self::QueueFull,
        Self::Evicted,
        Self::Contended,
        Self::Bytes,
        Self::Budget,
        Self::Disabled,
        Self::Stopped,
        Self::Forked,
        Self::Reentrant,
    ];

    /// The word for it in metrics and JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::QueueFull => "queue_full",
            Self::Evicted => "evicted",
            Self::Contended => "contended",
            Self::Bytes => "bytes",
            Self::Budget => "budget",
            Self::Disabled => "disabled",
            Self::Stopped => "stopped",
            Self::Forked => "forked",
            Self::Reentrant => "reentrant",
        }
    }

    /// Whether the event was kept by the sampling decision and lost afterwards. Of the others nobody asked, or a
    /// budget decided against them.
    pub(crate) fn follows_keeping(self) -> bool {
        matches!(self, Self::QueueFull | Self::Evicted | Self::Contended | Self::Bytes)
    }

    pub(crate) fn index(self) -> usize {
        self as usize
    }
}
