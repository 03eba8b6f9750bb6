//! Copies the engine's generated C headers to the folder named by WISP_INCLUDE_OUT.
use std::{env, fs, io, path::Path};

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

fn main() {
    println!("cargo:rerun-if-env-changed=WISP_INCLUDE_OUT");
    let (Ok(out), Ok(from)) = (env::var("WISP_INCLUDE_OUT"), env::var("DEP_WASMTIME_C_API_INCLUDE")) else {
        return;
    };
    copy(Path::new(&from), Path::new(&out)).expect("copy the engine's C headers");
}
