//! `mcp-sigv4 proxy` as its clients have it: the built program, in front of servers that do as
//! they are told.

mod common;

mod complaints;
mod credentials;
mod faults;
mod filters;
mod listen;
mod network;
mod passing;
mod several;
