;; A command for WASI preview 1 that asks for the size of its memory, and leaves no room below it.
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 65534)
  (func (export "_start") (call $exit (memory.size))))
