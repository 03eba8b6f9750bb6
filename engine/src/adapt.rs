//! Core modules for WASI preview 1 made into components, with the adapter and, where they can be, raised above its
//! memory (raised.rs).

use crate::{adapter, raised};
use std::borrow::Cow;
use wasi_preview1_component_adapter_provider as preview1;
use wasmparser::{Parser, Payload, Validator, WasmFeatures};
use wit_component::ComponentEncoder;

fn is_command(module: &[u8]) -> bool {
    Parser::new(0).parse_all(module).any(|payload| match payload {
        Ok(Payload::ExportSection(exports)) => exports.into_iter().flatten().any(|export| export.name == "_start"),
        _ => false,
    })
}

fn encode(module: &[u8], adapter: &[u8]) -> Result<Vec<u8>, String> {
    ComponentEncoder::default()
        .validate(false)
        .module(module)
        .and_then(|encoder| encoder.adapter(preview1::WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, adapter))
        .and_then(|mut encoder| encoder.encode())
        .map_err(|failure| format!("{failure:#}"))
}

fn encode_raised(module: &[u8], adapter: &[u8]) -> Option<Vec<u8>> {
    let raised = raised::raised(module)?;
    encode(&raised, &adapter::wrapped(adapter, raised::BYTES)?).ok()
}

/// A component of the module, or why there is none. Wit-component is not made for modules that are not valid.
pub fn adapt(module: &[u8], features: WasmFeatures) -> Result<Vec<u8>, String> {
    Validator::new_with_features(features).validate_all(module).map_err(|failure| failure.to_string())?;
    let adapter = if is_command(module) {
        preview1::WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER
    } else {
        preview1::WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER
    };
    if let Some(component) = encode_raised(module, adapter) {
        return Ok(component);
    }
    encode(module, &adapter::wrapped(adapter, 0).map_or(Cow::Borrowed(adapter), Cow::Owned))
}
