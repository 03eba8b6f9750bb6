;; What is asynchronous decodes and validates, and is refused when it is linked, by name.

(assert_unlinkable
  (component
    (core module $M
      (func (export "f") (result i32) (i32.const 0))
      (func (export "callback") (param i32 i32 i32) (result i32) (i32.const 0)))
    (core instance $m (instantiate $M))
    (func (export "f") async (canon lift (core func $m "f") async (callback (core func $m "callback")))))
  "async lift")

(assert_unlinkable
  (component
    (core module $M (func (export "f")))
    (core instance $m (instantiate $M))
    (func (export "f") async (canon lift (core func $m "f"))))
  "lift of an async function type")

(assert_unlinkable
  (component
    (component $C
      (core module $M (func (export "f")))
      (core instance $m (instantiate $M))
      (func (export "f") async (canon lift (core func $m "f"))))
    (instance $c (instantiate $C))
    (core func $f (canon lower (func $c "f") async)))
  "lift of an async function type, async lower")

(assert_unlinkable
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
  "stream.new, stream.read, future.new, future.drop-writable, waitable-set.new, subtask.drop")

;; Each is named once; what is not instantiated does not count.
(assert_unlinkable
  (component
    (canon waitable-set.new (core func))
    (canon waitable-set.new (core func)))
  "waitable-set.new")
(component
  (component (canon waitable-set.new (core func))))
