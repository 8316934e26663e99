//! What the program lets others do over HTTP, tried on the binary.

mod sender;
mod webhooks;
