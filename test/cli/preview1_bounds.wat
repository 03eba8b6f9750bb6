;; A command for WASI preview 1 that asks for the memory's size and does, as its first argument says, one thing that is out
;; of bounds: each must trap, wherever its module was put.
(module
  (import "wasi_snapshot_preview1" "args_get" (func $args (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data $text "passive")
  (func (export "_start")
    (drop (memory.size))
    (drop (call $args (i32.const 1024) (i32.const 2048)))
    (block $none (block $i (block $h (block $g (block $f (block $e (block $d (block $c (block $b (block $a
      (br_table $a $b $c $d $e $f $g $h $i $none
        (i32.sub (i32.load8_u (i32.load (i32.const 1028))) (i32.const 97))))
      ;; a: below zero
      (return (drop (i32.load (i32.const -65536)))))
      ;; b: an offset that does not fit any more when it is raised
      (return (drop (i32.load8_u offset=4294967295 (i32.const 0)))))
      ;; c
      (return (memory.fill (i32.const -65536) (i32.const 1) (i32.const 16))))
      ;; d
      (return (memory.copy (i32.const -65536) (i32.const 0) (i32.const 16))))
      ;; e
      (return (memory.copy (i32.const 0) (i32.const -131072) (i32.const 16))))
      ;; f
      (return (memory.init $text (i32.const -65536) (i32.const 0) (i32.const 7))))
      ;; g: the adapter's own pages as a place to write to
      (return (drop (call $random (i32.const -65536) (i32.const 16)))))
      ;; h: buffers
      (return (drop (call $write (i32.const 1) (i32.const -65536) (i32.const 1) (i32.const 0)))))
      ;; i: a buffer
      (i32.store (i32.const 8) (i32.const -65536))
      (i32.store (i32.const 12) (i32.const 16))
      (drop (call $write (i32.const 1) (i32.const 8) (i32.const 1) (i32.const 0))))))
