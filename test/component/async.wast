;; Async functions, lifts, lowers and built-ins instantiate.

(component
    (core module $M
      (func (export "f") (result i32) (i32.const 0))
      (func (export "callback") (param i32 i32 i32) (result i32) (i32.const 0)))
    (core instance $m (instantiate $M))
    (func (export "f") async (canon lift (core func $m "f") async (callback (core func $m "callback")))))

(component
    (core module $M (func (export "f")))
    (core instance $m (instantiate $M))
    (func (export "f") async (canon lift (core func $m "f"))))

(component
    (component $C
      (core module $M (func (export "f")))
      (core instance $m (instantiate $M))
      (func (export "f") async (canon lift (core func $m "f"))))
    (instance $c (instantiate $C))
    (core func $f (canon lower (func $c "f") async)))

(component
    (type $s (stream u8))
    (type $f (future u8))
    (core module $M (memory (export "memory") 1))
    (core instance $m (instantiate $M))
    (canon stream.new $s (core func))
    (canon stream.read $s async (memory (core memory $m "memory")) (core func))
    (canon future.new $f (core func))
    (canon future.drop-writable $f (core func))
    (canon waitable-set.new (core func))
    (canon subtask.drop (core func)))


(component
    (canon waitable-set.new (core func))
    (canon waitable-set.new (core func)))
(component
  (component (canon waitable-set.new (core func))))
