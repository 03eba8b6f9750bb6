;; Start functions of core modules run as steps of the instantiation, in order, and may call what they import.

(component
  (component $Recorder
    (core module $M
      (global $seen (mut i32) (i32.const 0))
      (func (export "note") (param i32)
        (global.set $seen (i32.add (i32.mul (global.get $seen) (i32.const 10)) (local.get 0))))
      (func (export "seen") (result i32) (global.get $seen)))
    (core instance $m (instantiate $M))
    (func (export "note") (param "digit" u32) (canon lift (core func $m "note")))
    (func (export "seen") (result u32) (canon lift (core func $m "seen"))))
  (component $Starter
    (import "note" (func $note (param "digit" u32)))
    (import "which" (core module $Which (export "which" (global i32))))
    (canon lower (func $note) (core func $note'))
    (core module $M
      (import "" "note" (func $note (param i32)))
      (import "which" "which" (global $which i32))
      (func $start (call $note (global.get $which)))
      (start $start))
    (core instance $which (instantiate $Which))
    (core instance (instantiate $M
      (with "" (instance (export "note" (func $note'))))
      (with "which" (instance $which)))))
  (core module $One (global (export "which") i32 (i32.const 1)))
  (core module $Two (global (export "which") i32 (i32.const 2)))
  (core module $Three (global (export "which") i32 (i32.const 3)))
  (instance $r (instantiate $Recorder))
  (instance (instantiate $Starter (with "note" (func $r "note")) (with "which" (core module $Two))))
  (instance (instantiate $Starter (with "note" (func $r "note")) (with "which" (core module $One))))
  (instance (instantiate $Starter (with "note" (func $r "note")) (with "which" (core module $Three))))
  (func (export "seen") (alias export $r "seen")))
(assert_return (invoke "seen") (u32.const 213))

;; It can pass strings: memory and realloc of both sides are there by then.
(component
  (component $Length
    (core module $M
      (memory (export "memory") 1)
      (global $length (mut i32) (i32.const 0))
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 16))
      (func (export "say") (param i32 i32)
        (if (i32.ne (i32.load8_u (local.get 0)) (i32.const 0x68)) (then unreachable))
        (global.set $length (local.get 1)))
      (func (export "length") (result i32) (global.get $length)))
    (core instance $m (instantiate $M))
    (func (export "say") (param "s" string)
      (canon lift (core func $m "say") (memory (core memory $m "memory")) (realloc (core func $m "realloc"))))
    (func (export "length") (result u32) (canon lift (core func $m "length"))))
  (component $Speaker
    (import "say" (func $say (param "s" string)))
    (core module $Memory (memory (export "memory") 1) (data (i32.const 8) "hello"))
    (core instance $memory (instantiate $Memory))
    (canon lower (func $say) (memory (core memory $memory "memory")) (core func $say'))
    (core module $M
      (import "" "say" (func $say (param i32 i32)))
      (func $start (call $say (i32.const 8) (i32.const 5)))
      (start $start))
    (core instance (instantiate $M (with "" (instance (export "say" (func $say')))))))
  (instance $l (instantiate $Length))
  (instance (instantiate $Speaker (with "say" (func $l "say"))))
  (func (export "length") (alias export $l "length")))
(assert_return (invoke "length") (u32.const 5))

;; A trap in a start function, or in what it calls, and there is no instance.
(assert_trap
  (component
    (core module $M (func $start unreachable) (start $start))
    (core instance (instantiate $M)))
  "unreachable")

(assert_trap
  (component
    (component $Callee
      (core module $M (func (export "f") unreachable))
      (core instance $m (instantiate $M))
      (func (export "f") (canon lift (core func $m "f"))))
    (instance $c (instantiate $Callee))
    (canon lower (func $c "f") (core func $f))
    (core module $M (import "" "f" (func $f)) (start $f))
    (core instance (instantiate $M (with "" (instance (export "f" (func $f)))))))
  "unreachable")

;; So with what initialises memories and tables.
(assert_trap
  (component
    (core module $M (memory 1) (data (i32.const 65536) "x"))
    (core instance (instantiate $M)))
  "out of bounds memory access")

;; A start function may make resources; they are there for the exports.
(component
  (type $r (resource (rep i32)))
  (canon resource.new $r (core func $new))
  (canon resource.rep $r (core func $rep))
  (core module $M
    (import "" "new" (func $new (param i32) (result i32)))
    (import "" "rep" (func $rep (param i32) (result i32)))
    (global $handle (mut i32) (i32.const 0))
    (func $start (global.set $handle (call $new (i32.const 31))))
    (start $start)
    (func (export "get") (result i32) (call $rep (global.get $handle))))
  (core instance $m (instantiate $M (with "" (instance (export "new" (func $new)) (export "rep" (func $rep))))))
  (func (export "get") (result u32) (canon lift (core func $m "get"))))
(assert_return (invoke "get") (u32.const 31))
