//! Runs bench/async.wat (compiled: its path is the argument) in wasmtime and prints, as JSON, what wisp_micro measures of it.
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Instant;
use wasmtime::component::{Component, Instance, Linker};
use wasmtime::{Config, Engine, Result, Store};

/// Nothing here waits for the world outside.
fn run<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
    }
}

/// The best nanoseconds of five rounds of at least 200 ms.
fn measure(mut once: impl FnMut() -> Result<()>) -> Result<f64> {
    once()?;
    let mut best = f64::MAX;
    for _ in 0..5 {
        let begin = Instant::now();
        let mut times = 0u32;
        while begin.elapsed().as_millis() < 200 {
            once()?;
            times += 1;
        }
        best = best.min(begin.elapsed().as_nanos() as f64 / f64::from(times));
    }
    Ok(best)
}

struct Peer {
    store: Store<()>,
    instance: Instance,
}

impl Peer {
    fn new(path: &str) -> Result<Peer> {
        let mut config = Config::new();
        config.wasm_component_model_async(true);
        let engine = Engine::new(&config)?;
        let mut linker = Linker::new(&engine);
        linker
            .instance("demo:micro/async")?
            .func_wrap_concurrent("now", |_, (x,): (u32,)| Box::pin(async move { Ok((x,)) }))?;
        let mut store = Store::new(&engine, ());
        let component = Component::new(&engine, std::fs::read(path)?)?;
        let instance = run(linker.instantiate_async(&mut store, &component))?;
        Ok(Peer { store, instance })
    }

    fn loops(&mut self, name: &str, times: u32) -> Result<f64> {
        let function = self.instance.get_typed_func::<(u32,), ()>(&mut self.store, name)?;
        Ok(measure(|| run(function.call_async(&mut self.store, (times,))))? / f64::from(times))
    }

    fn stream(&mut self, name: &str, chunks: u32, chunk: u32) -> Result<f64> {
        let function = self.instance.get_typed_func::<(u32, u32), (u32,)>(&mut self.store, name)?;
        let nanoseconds = measure(|| {
            let (count,) = run(function.call_async(&mut self.store, (chunks, chunk)))?;
            assert_eq!(count, chunks * chunk);
            Ok(())
        })?;
        Ok(nanoseconds / f64::from(chunks) / f64::from(chunk))
    }

    fn host_to_guest(&mut self) -> Result<f64> {
        let function = self.instance.get_typed_func::<(u32,), (u32,)>(&mut self.store, "nop")?;
        measure(|| {
            // One turn of the loop for many calls, as a server would.
            run(self.store.run_concurrent(async |accessor| -> Result<()> {
                for _ in 0..1000 {
                    let (answer,) = function.call_concurrent(accessor, (7,)).await?;
                    assert_eq!(answer, 7);
                }
                Ok(())
            }))?
        })
        .map(|nanoseconds| nanoseconds / 1000.0)
    }
}

fn main() -> Result<()> {
    let path = std::env::args().nth(1).expect("usage: wisp-bench-peer async.wasm");
    let mut peer = Peer::new(&path)?;
    println!("{{");
    println!("  \"host_to_guest_callback\": {:.1},", peer.host_to_guest()?);
    println!("  \"guest_to_host_async\": {:.1},", peer.loops("call-now", 10_000)?);
    println!("  \"guest_to_guest_async\": {:.1},", peer.loops("call-nop", 10_000)?);
    println!("  \"stream_bytes/4096\": {:.4},", peer.stream("bytes", 1000, 4096)?);
    println!("  \"stream_bytes/65536\": {:.4},", peer.stream("bytes", 1000, 65536)?);
    println!("  \"stream_records/16\": {:.2},", peer.stream("records", 1000, 16)?);
    println!("  \"stream_records/1024\": {:.2}", peer.stream("records", 1000, 1024)?);
    println!("}}");
    Ok(())
}
