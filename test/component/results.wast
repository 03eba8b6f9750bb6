;; A callee that has waited and then returns what it does not have: its caller is told, whoever that is.

(component definition $Returns
  (component $Callee
    (type $s (stream u8))
    (canon task.return (result $s) (core func $return))
    (core module $M
      (import "" "return" (func $return (param i32)))
      (func (export "f") (result i32) (i32.const 1 (; YIELD ;)))
      (func (export "callback") (param i32 i32 i32) (result i32) (call $return (i32.const 77)) (i32.const 0)))
    (core instance $m (instantiate $M (with "" (instance (export "return" (func $return))))))
    (func (export "f") async (result (stream u8))
      (canon lift (core func $m "f") async (callback (core func $m "callback")))))
  (component $Caller
    (import "f" (func $f async (result (stream u8))))
    (core module $Memory (memory (export "memory") 1))
    (core instance $memory (instantiate $Memory))
    (canon lower (func $f) async (memory (core memory $memory "memory")) (core func $f-async))
    (canon lower (func $f) (core func $f-sync))
    (canon task.return (core func $return))
    (core module $M
      (import "" "f-async" (func $f-async (param i32) (result i32)))
      (import "" "f-sync" (func $f-sync (result i32)))
      (import "" "return" (func $return))
      (func (export "later") (result i32) (drop (call $f-async (i32.const 0))) (call $return) (i32.const 0))
      (func (export "sync") (result i32) (drop (call $f-sync)) (call $return) (i32.const 0))
      (func (export "callback") (param i32 i32 i32) (result i32) unreachable))
    (core instance $m (instantiate $M (with "" (instance
      (export "f-async" (func $f-async)) (export "f-sync" (func $f-sync)) (export "return" (func $return))))))
    (func (export "later") async (canon lift (core func $m "later") async (callback (core func $m "callback"))))
    (func (export "sync") async (canon lift (core func $m "sync") async (callback (core func $m "callback")))))
  (instance $callee (instantiate $Callee))
  (instance $caller (instantiate $Caller (with "f" (func $callee "f"))))
  (export "f" (func $callee "f"))
  (export "later" (func $caller "later"))
  (export "sync" (func $caller "sync")))

(component instance $host $Returns)
(assert_trap (invoke "f") "unknown handle index 77")
(component instance $sync $Returns)
(assert_trap (invoke "sync") "unknown handle index 77")
(component instance $later $Returns)
(invoke "later")
