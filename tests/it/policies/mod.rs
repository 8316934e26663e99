//! Refs that leave a choice, while tags come, move and vanish.

mod bursts;
mod promotion;
mod tags;
