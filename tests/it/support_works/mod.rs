//! Tries the test support itself, with stock Git as the client.

mod program;
mod readers;
mod servers;
mod upstreams;
mod wires;
