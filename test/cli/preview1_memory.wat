;; A command for WASI preview 1 that takes all of its memory for its own from the start, and what it grows by to follow on
;; that without a gap. Writes its arguments and what it reads, and exits with a number that says what is wrong.
(module
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $args_sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_get" (func $args (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_sizes_get" (func $environ_sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_get" (func $environ (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1 4)
  (data (i32.const 64) "\n")
  (data (i32.const 65528) "the end")
  (data $text "passive")

  (func $check (param $right i32) (param $status i32)
    (if (i32.eqz (local.get $right)) (then (call $exit (local.get $status)))))

  ;; Whether all of [from, to) is `value`.
  (func $all (param $from i32) (param $to i32) (param $value i32) (result i32)
    (block $wrong
      (loop $next
        (br_if $wrong (i32.ne (i32.load8_u (local.get $from)) (local.get $value)))
        (local.set $from (i32.add (local.get $from) (i32.const 1)))
        (br_if $next (i32.lt_u (local.get $from) (local.get $to))))
      (return (i32.const 1)))
    (i32.const 0))

  ;; Writes `size` bytes at `from` and a line break, as two buffers with empty ones between.
  (func $line (param $from i32) (param $size i32)
    (i32.store (i32.const 100) (i32.const 0))
    (i32.store (i32.const 104) (i32.const 0))
    (i32.store (i32.const 108) (local.get $from))
    (i32.store (i32.const 112) (local.get $size))
    (call $check (i32.eqz (call $write (i32.const 1) (i32.const 100) (i32.const 2) (i32.const 96))) (i32.const 20))
    (call $check (i32.eq (i32.load (i32.const 96)) (local.get $size)) (i32.const 21))
    (i32.store (i32.const 108) (i32.const 64))
    (i32.store (i32.const 112) (i32.const 1))
    (call $check (i32.eqz (call $write (i32.const 1) (i32.const 100) (i32.const 2) (i32.const 96))) (i32.const 22)))

  (func (export "_start")
    (local $count i32)
    ;; The adapter has its memory from here on.
    (call $check (i32.eqz (call $args_sizes (i32.const 0) (i32.const 4))) (i32.const 1))
    (call $check (i32.eqz (call $environ_sizes (i32.const 8) (i32.const 12))) (i32.const 2))
    (call $check (i32.eq (memory.size) (i32.const 1)) (i32.const 3))
    (call $check (i64.eq (i64.load (i32.const 65528)) (i64.const 0x00646e6520656874)) (i32.const 4))
    (memory.fill (i32.const 4096) (i32.const 0xaa) (i32.const 61440))
    (call $check (i32.eq (memory.grow (i32.const 2)) (i32.const 1)) (i32.const 5))
    (call $check (i32.eq (memory.size) (i32.const 3)) (i32.const 6))
    (call $check (call $all (i32.const 65536) (i32.const 196608) (i32.const 0)) (i32.const 7))
    (memory.fill (i32.const 65536) (i32.const 0xbb) (i32.const 131072))
    (call $check (i32.eq (memory.grow (i32.const 2)) (i32.const -1)) (i32.const 8))
    (call $check (i32.eq (i32.load8_u offset=196607 (i32.const 0)) (i32.const 0xbb)) (i32.const 9))

    ;; The first argument and the first variable.
    (call $check (i32.eqz (call $args (i32.const 1024) (i32.const 2048))) (i32.const 10))
    (call $check (i32.eq (i32.load (i32.const 1024)) (i32.const 2048)) (i32.const 11))
    (call $line (i32.load (i32.const 1028))
      (i32.sub (i32.sub (i32.load (i32.const 1032)) (i32.load (i32.const 1028))) (i32.const 1)))
    (call $check (i32.eqz (call $environ (i32.const 1024) (i32.const 2048))) (i32.const 12))
    (call $check (i32.eq (i32.load (i32.const 1024)) (i32.const 2048)) (i32.const 13))
    (call $line (i32.load (i32.const 1024)) (i32.sub (i32.load (i32.const 12)) (i32.const 1)))

    ;; Nothing to read or write, on a descriptor that is not there.
    (i64.store (i32.const 100) (i64.const 0))
    (call $check (i32.eq (call $write (i32.const 99) (i32.const 100) (i32.const 1) (i32.const 16)) (i32.const 8))
      (i32.const 17))
    (call $check (i32.eq (call $read (i32.const 99) (i32.const 100) (i32.const 0) (i32.const 16)) (i32.const 8))
      (i32.const 18))
    (call $check (i32.eqz (call $write (i32.const 1) (i32.const 100) (i32.const 1) (i32.const 16))) (i32.const 19))

    ;; What stdin has.
    (i32.store (i32.const 100) (i32.const 0))
    (i32.store (i32.const 104) (i32.const 0))
    (i32.store (i32.const 108) (i32.const 2048))
    (i32.store (i32.const 112) (i32.const 100))
    (call $check (i32.eqz (call $read (i32.const 0) (i32.const 100) (i32.const 2) (i32.const 16))) (i32.const 14))
    (call $line (i32.const 2048) (i32.load (i32.const 16)))

    (memory.init $text (i32.const 200) (i32.const 0) (i32.const 7))
    (memory.copy (i32.const 300) (i32.const 200) (i32.const 7))
    (call $line (i32.const 300) (i32.const 7))

    (call $check (call $all (i32.const 4096) (i32.const 65536) (i32.const 0xaa)) (i32.const 15))
    (call $check (call $all (i32.const 65536) (i32.const 196608) (i32.const 0xbb)) (i32.const 16))))
