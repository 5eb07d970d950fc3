//! scratch
use benches::hops::pipeline::*;
use seda_core::Plan;
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let b: usize = a[1].parse().unwrap();
    let n: u64 = a[2].parse().unwrap();
    println!("{:?}", Shape::idle(Plan::default().workers(1), b, n).run());
}
