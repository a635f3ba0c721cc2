//! tokio's side of the core measurements, on its single-threaded runtime:
//! `tokio_core children`, `tokio_core sleepers N`

use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

const SLEEP: Duration = Duration::from_secs(5);

fn report(name: &str, value: f64, unit: &str) {
    println!("{{\"name\": \"{name}\", \"value\": {value}, \"unit\": \"{unit}\"}}");
}

/// Bytes of this process in memory now.
fn resident() -> f64 {
    let text = std::fs::read_to_string("/proc/self/statm").expect("statm");
    let pages: f64 = text.split(' ').nth(1).expect("resident").parse().expect("a number");
    pages * 4096.0
}

/// Start and wait for a thousand at a time.
async fn children(n: usize) -> f64 {
    let mut all: Vec<JoinHandle<()>> = Vec::with_capacity(1000);
    let begin = Instant::now();
    for _ in 0..n / 1000 {
        for _ in 0..1000 {
            all.push(tokio::spawn(async {}));
        }
        for one in all.drain(..) {
            one.await.expect("a child");
        }
    }
    begin.elapsed().as_nanos() as f64 / n as f64
}

async fn sleepers(n: usize) {
    let before = resident();
    let begin = Instant::now();
    let mut all: Vec<JoinHandle<()>> = Vec::with_capacity(n);
    for _ in 0..n {
        all.push(tokio::spawn(tokio::time::sleep(SLEEP)));
    }
    tokio::task::yield_now().await;
    tokio::time::sleep(Duration::from_millis(1)).await;
    report("bytes", (resident() - before) / n as f64, "B");
    for one in all {
        one.await.expect("a sleeper");
    }
    report("late", (begin.elapsed() - SLEEP).as_secs_f64(), "s");
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("tokio");
    runtime.block_on(async {
        if arguments[1] == "sleepers" {
            sleepers(arguments[2].parse().expect("how many")).await;
        } else {
            children(100_000).await;
            report("", children(1_000_000).await, "ns");
        }
    });
}
