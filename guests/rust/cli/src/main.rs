//! A command in Rust: greets, copies its input, works with a file. What it does, all languages' guests do.

use std::io::{Error, Result, stdin, stdout};
use std::path::Path;

fn file(folder: &str) -> Result<()> {
    let path = Path::new(folder).join("rust.txt");
    let text = "written by Rust";
    std::fs::write(&path, text)?;
    let read = std::fs::read_to_string(&path)?;
    std::fs::remove_file(&path)?;
    if read != text {
        return Err(Error::other("read something else"));
    }
    println!("file ok");
    Ok(())
}

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["hello"] => println!("Hello, world, from Rust!"),
        ["hello", name] => println!("Hello, {name}, from Rust!"),
        ["cat"] => {
            std::io::copy(&mut stdin().lock(), &mut stdout().lock())?;
        }
        ["file", folder] => file(folder)?,
        _ => return Err(Error::other("unknown command")),
    }
    Ok(())
}
