//! Making components out of core modules and WIT, and looking at them.

use anyhow::{Context, Result, bail};
use std::fs;
use std::path::Path;
use wasi_preview1_component_adapter_provider as preview1;
use wit_component::{ComponentEncoder, DecodedWasm, StringEncoding, WitPrinter};
use wit_parser::{Resolve, WorldId};

fn read_world(wit: &Path, world: &str) -> Result<(Resolve, WorldId)> {
    let mut resolve = Resolve::default();
    // Worlds behind @unstable gates are wanted too: whoever names one means it.
    resolve.all_features = true;
    let (package, _) = resolve
        .push_path(wit)
        .with_context(|| format!("reading WIT from {}", wit.display()))?;
    let world = resolve.select_world(&[package], Some(world))?;
    Ok((resolve, world))
}

fn write(path: &Path, bytes: impl AsRef<[u8]>) -> Result<()> {
    fs::write(path, bytes).with_context(|| format!("writing {}", path.display()))
}

pub fn bindgen(wit: &Path, world: &str, dir: &Path) -> Result<()> {
    let (mut resolve, world) = read_world(wit, world)?;
    let mut files = Default::default();
    wit_bindgen_c::Opts::default()
        .build()
        .generate(&mut resolve, world, &mut files)?;
    fs::create_dir_all(dir)?;
    for (name, contents) in files.iter() {
        write(&dir.join(name), contents)?;
    }
    Ok(())
}

pub fn component(core: &Path, out: &Path, adapter: Option<&str>) -> Result<()> {
    let adapter = match adapter {
        None => None,
        Some("command") => Some(preview1::WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER),
        Some("reactor") => Some(preview1::WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER),
        Some("proxy") => Some(preview1::WASI_SNAPSHOT_PREVIEW1_PROXY_ADAPTER),
        Some(other) => bail!("no adapter `{other}`: there are command, reactor and proxy"),
    };
    let mut encoder = ComponentEncoder::default();
    encoder.validate(true).module(&wat::parse_file(core)?)?;
    if let Some(bytes) = adapter {
        encoder.adapter(preview1::WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, bytes)?;
    }
    write(
        out,
        encoder
            .encode()
            .with_context(|| format!("making a component of {}", core.display()))?,
    )
}

pub fn embed(wit: &Path, world: &str, core: &Path, out: &Path) -> Result<()> {
    let (resolve, world) = read_world(wit, world)?;
    let mut bytes = wat::parse_file(core)?;
    wit_component::embed_component_metadata(
        &mut bytes,
        &resolve,
        world,
        StringEncoding::UTF8,
        false,
    )?;
    write(out, bytes)
}

pub fn plug(socket: &Path, out: &Path, plugs: &[&str]) -> Result<()> {
    let mut graph = wac_graph::CompositionGraph::new();
    let mut register = |index: usize, file: &Path| -> Result<_> {
        let package = wac_types::Package::from_file(
            &format!("plug:part{index}"),
            None,
            file,
            graph.types_mut(),
        )?;
        Ok(graph.register_package(package)?)
    };
    let socket = register(0, socket)?;
    let plugs = plugs
        .iter()
        .enumerate()
        .map(|(index, file)| register(index + 1, Path::new(file)))
        .collect::<Result<Vec<_>>>()?;
    wac_graph::plug(&mut graph, plugs, socket)?;
    write(out, graph.encode(wac_graph::EncodeOptions::default())?)
}

pub fn assemble(input: &Path, out: &Path) -> Result<()> {
    write(out, wat::parse_file(input)?)
}

pub fn print(input: &Path) -> Result<()> {
    print!("{}", wasmprinter::print_file(input)?);
    Ok(())
}

pub fn validate(files: &[&str]) -> Result<()> {
    let mut invalid = 0;
    for file in files {
        let bytes = fs::read(file).with_context(|| format!("reading {file}"))?;
        let features = wasmparser::WasmFeatures::all();
        match wasmparser::Validator::new_with_features(features).validate_all(&bytes) {
            Ok(_) => println!("{file}: valid"),
            Err(error) => {
                invalid += 1;
                println!("{file}: INVALID: {error:#}");
            }
        }
    }
    if invalid > 0 {
        bail!("{invalid} of {} files are invalid", files.len());
    }
    Ok(())
}

pub fn wit(input: &Path) -> Result<()> {
    let bytes = fs::read(input).with_context(|| format!("reading {}", input.display()))?;
    let (resolve, root) = match wit_component::decode(&bytes)? {
        DecodedWasm::WitPackage(resolve, package) => (resolve, package),
        DecodedWasm::Component(resolve, world) => {
            let package = resolve.worlds[world].package.context("the world belongs to no package")?;
            (resolve, package)
        }
    };
    let others: Vec<_> = resolve.packages.iter().map(|(id, _)| id).filter(|id| *id != root).collect();
    let mut printer = WitPrinter::default();
    printer.print(&resolve, root, &others)?;
    print!("{}", printer.output);
    Ok(())
}
