//! Servers under overload, all with the same handler, to be compared with ours.

mod burn;
mod control;
mod nginx;
mod options;
mod ours;
mod server;
mod stacks;
mod threads;
mod world;

use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;

use burn::Work;
use options::{Options, Wanted};
use world::World;

fn main() -> ExitCode {
    match options::read(lexopt::Parser::from_env()) {
        Ok(Wanted::Help) => {
            print!("{}", options::help());
            ExitCode::SUCCESS
        }
        Ok(Wanted::Serve(options)) => match serve(&options) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("peer-overload: {error}");
                ExitCode::FAILURE
            }
        },
        Err(error) => {
            eprintln!("peer-overload: {error}; `--help` says more");
            ExitCode::from(2)
        }
    }
}

fn serve(options: &Options) -> Result<(), Box<dyn Error + Send + Sync>> {
    let Options {
        work, spread, seed, ..
    } = *options;
    let work = Arc::new(Work::new(work, spread, seed, Arc::new(World::new())));
    let control = control::open(options.control_port, Arc::clone(&work))?;
    println!("control on {control}");
    server::serve(options, work)
}
