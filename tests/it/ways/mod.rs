//! Every way to a repository, tried on the binary with the real servers of each.

mod ssh;
mod ssh_hosts;
mod ssh_keys;
