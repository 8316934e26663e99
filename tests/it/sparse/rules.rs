//! What rules mean, against stock Git.
