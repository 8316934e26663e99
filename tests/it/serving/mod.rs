//! What the program answers over HTTP, tried with the tools of those who ask.

mod audit;
mod prometheus;
