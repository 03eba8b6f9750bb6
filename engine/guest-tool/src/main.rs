//! Everything the build and the tests need from wasm-tools, wit-bindgen and wac, in one small binary.

mod components;
mod wast_json;

use anyhow::{Result, anyhow};
use std::path::Path;
use std::process::ExitCode;

/// A verb: its name, what follows it on the command line, and what it does with those words.
struct Verb {
    name: &'static str,
    arguments: &'static str,
    /// Answers `None` when the words do not fit `arguments`.
    run: fn(&[&str]) -> Option<Result<()>>,
}

const VERBS: &[Verb] = &[
    Verb {
        name: "bindgen",
        arguments: "WIT WORLD DIR            C bindings of a world",
        run: |words| match words {
            [wit, world, dir] => Some(components::bindgen(Path::new(wit), world, Path::new(dir))),
            _ => None,
        },
    },
    Verb {
        name: "component",
        arguments: "CORE OUT [command|reactor|proxy]   core module with component-type sections to component",
        run: |words| match words {
            [core, out] => Some(components::component(Path::new(core), Path::new(out), None)),
            [core, out, adapter] => Some(components::component(
                Path::new(core),
                Path::new(out),
                Some(adapter),
            )),
            _ => None,
        },
    },
    Verb {
        name: "embed",
        arguments: "WIT WORLD CORE OUT         adds a world's component-type section to a core module",
        run: |words| match words {
            [wit, world, core, out] => Some(components::embed(
                Path::new(wit),
                world,
                Path::new(core),
                Path::new(out),
            )),
            _ => None,
        },
    },
    Verb {
        name: "plug",
        arguments: "SOCKET OUT PLUG..           satisfies the socket's imports with the plugs' exports",
        run: |words| match words {
            [socket, out, plugs @ ..] if !plugs.is_empty() => {
                Some(components::plug(Path::new(socket), Path::new(out), plugs))
            }
            _ => None,
        },
    },
    Verb {
        name: "wat",
        arguments: "IN OUT                       text to binary",
        run: |words| match words {
            [input, out] => Some(components::assemble(Path::new(input), Path::new(out))),
            _ => None,
        },
    },
    Verb {
        name: "print",
        arguments: "IN                         binary to text, on standard output",
        run: |words| match words {
            [input] => Some(components::print(Path::new(input))),
            _ => None,
        },
    },
    Verb {
        name: "validate",
        arguments: "FILE..                  validates with every feature on; exits 1 when one is invalid",
        run: |words| match words {
            [] => None,
            files => Some(components::validate(files)),
        },
    },
    Verb {
        name: "wit",
        arguments: "IN                           a component's world as WIT, on standard output",
        run: |words| match words {
            [input] => Some(components::wit(Path::new(input))),
            _ => None,
        },
    },
    Verb {
        name: "wast",
        arguments: "IN.. DIR                    scripts to JSON and binaries, as `wasm-tools json-from-wast` writes them",
        run: |words| match words {
            [inputs @ .., dir] if !inputs.is_empty() => {
                Some(wast_json::convert(inputs, Path::new(dir)))
            }
            _ => None,
        },
    },
];

fn usage() -> String {
    VERBS.iter().fold(String::from("usage:"), |text, verb| {
        format!("{text}\n  guest-tool {} {}", verb.name, verb.arguments)
    })
}

fn run(words: &[&str]) -> Result<()> {
    let Some((name, rest)) = words.split_first() else {
        return Err(anyhow!("{}", usage()));
    };
    let verb = VERBS.iter().find(|verb| verb.name == *name);
    verb.and_then(|verb| (verb.run)(rest))
        .unwrap_or_else(|| Err(anyhow!("{}", usage())))
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match run(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("guest-tool: {error:#}");
            ExitCode::FAILURE
        }
    }
}
