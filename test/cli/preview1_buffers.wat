;; A command for WASI preview 1 that reads and writes nothing: no buffers, and empty ones. Exits with the place of the first
;; wrong answer.
(module
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_pread" (func $pread (param i32 i32 i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_pwrite" (func $pwrite (param i32 i32 i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (global $place (mut i32) (i32.const 0))

  (func $expect (param $error i32) (param $answer i32)
    (global.set $place (i32.add (global.get $place) (i32.const 1)))
    (if (i32.ne (local.get $error) (local.get $answer)) (then (call $exit (global.get $place)))))

  (func $buffers (param $count i32)
    ;; badf
    (call $expect (i32.const 8) (call $read (i32.const 99) (i32.const 64) (local.get $count) (i32.const 0)))
    (call $expect (i32.const 8) (call $pread (i32.const 99) (i32.const 64) (local.get $count) (i64.const 0) (i32.const 0)))
    (call $expect (i32.const 8) (call $write (i32.const -31337) (i32.const 64) (local.get $count) (i32.const 0)))
    (call $expect (i32.const 8) (call $pwrite (i32.const 99) (i32.const 64) (local.get $count) (i64.const 0) (i32.const 0)))
    ;; stdin and stdout
    (i32.store (i32.const 0) (i32.const -1))
    (call $expect (i32.const 0) (call $write (i32.const 1) (i32.const 64) (local.get $count) (i32.const 0)))
    (call $expect (i32.const 0) (i32.load (i32.const 0)))
    (i32.store (i32.const 0) (i32.const -1))
    (call $expect (i32.const 0) (call $read (i32.const 0) (i32.const 64) (local.get $count) (i32.const 0)))
    (call $expect (i32.const 0) (i32.load (i32.const 0))))

  (func (export "_start")
    (call $buffers (i32.const 0))
    (call $buffers (i32.const 1))
    (call $buffers (i32.const 3))))
