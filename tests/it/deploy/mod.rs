//! What is in `deploy/`: every file is read here as Kubernetes, Compose or systemd would read it, held
//! against schemas and the program's own options, and run as far as this machine can.

mod booted;
mod compose;
mod fan_out;
mod files;
mod kustomize;
mod manifests;
mod monitoring;
mod options;
mod plays;
mod podman;
mod pods;
mod references;
mod schemas;
mod script;
mod security;
mod systemd;
mod tools;
