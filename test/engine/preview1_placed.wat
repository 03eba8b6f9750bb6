;; A command for WASI preview 1 that asks for the size of its memory, with data in a place that is computed.
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.add (i32.const 2) (i32.const 3)) "text")
  (func (export "_start") (call $exit (memory.size))))
