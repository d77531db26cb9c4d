//! Both front doors with real servers behind them and the real client in front.

mod access;
mod common;
mod doctor;
mod end_to_end;
mod environments;
mod proxy;
mod questions;
