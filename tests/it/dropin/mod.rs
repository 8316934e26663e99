//! In the place of kubernetes/git-sync: what somebody meets who changes from it, or back.

mod modes;
mod peer;
mod roots;
mod takeover;
