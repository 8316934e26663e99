//! Bad input and faults, with the real program and real servers.
//!
//! Each ends in a clear error of the right class, the link names a whole earlier commit all the
//! while, and the program succeeds by itself once the cause is gone.

mod answers;
pub(crate) mod course;
mod crash;
mod cuts;
mod damage;
mod endless;
pub(crate) mod full;
mod garbage;
mod hostile;
mod lengths;
mod others;
mod roots;
pub(crate) mod scene;
mod sizes;
mod wires;
