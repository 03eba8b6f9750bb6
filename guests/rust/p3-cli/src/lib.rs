//! A command in Rust for WASI 0.3: greets, copies its input, works with a file. What it does, all languages' guests do.
//! Streams are those of 0.3; files are the standard library's, which is one of WASI 0.2.

use std::path::Path;
use wasip3::cli::{environment, exit, stdin, stdout};
use wasip3::wit_bindgen::StreamResult;
use wasip3::{spawn_local, wit_stream};

struct Command;

wasip3::cli::command::export!(Command);

async fn print(text: String) -> Result<(), ()> {
    let (mut output, reader) = wit_stream::new();
    spawn_local(async move { output.write_all(text.into_bytes()).await });
    stdout::write_via_stream(reader).await.map_err(|_| ())
}

/// Input to output, piece by piece.
async fn cat() -> Result<(), ()> {
    let (mut input, read) = stdin::read_via_stream();
    let (mut output, reader) = wit_stream::new();
    spawn_local(async move {
        loop {
            let (result, bytes) = input.read(Vec::with_capacity(65536)).await;
            if !output.write_all(bytes).await.is_empty() || result == StreamResult::Dropped {
                break;
            }
        }
    });
    stdout::write_via_stream(reader).await.map_err(|_| ())?;
    read.await.map_err(|_| ())
}

/// Input to output, without a byte in this instance's memory.
async fn splice() -> Result<(), ()> {
    let (input, read) = stdin::read_via_stream();
    stdout::write_via_stream(input).await.map_err(|_| ())?;
    read.await.map_err(|_| ())
}

fn file(folder: &str) -> std::io::Result<bool> {
    let path = Path::new(folder).join("rust.txt");
    let text = "written by Rust";
    std::fs::write(&path, text)?;
    let read = std::fs::read_to_string(&path)?;
    std::fs::remove_file(&path)?;
    Ok(read == text)
}

impl wasip3::exports::cli::run::Guest for Command {
    async fn run() -> Result<(), ()> {
        let words = environment::get_arguments();
        let words: Vec<&str> = words.iter().skip(1).map(String::as_str).collect();
        match words.as_slice() {
            ["hello"] => print("Hello, world, from Rust!\n".to_owned()).await,
            ["hello", name] => print(format!("Hello, {name}, from Rust!\n")).await,
            ["cat"] => cat().await,
            ["splice"] => splice().await,
            ["file", folder] if file(folder).unwrap_or(false) => print("file ok\n".to_owned()).await,
            ["exit", "1"] => {
                exit::exit(Err(()));
                Ok(())
            }
            _ => Err(()),
        }
    }
}
