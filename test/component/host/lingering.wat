;; Async functions that go on after they have returned.
(component
  (canon task.return (core func $return))
  (canon waitable-set.new (core func $set.new))
  (core module $Main
    (import "" "return" (func $return))
    (import "" "set.new" (func $set.new (result i32)))
    ;; Waits for an event that does not come.
    (func (export "stay") (result i32)
      (call $return)
      (i32.or (i32.const 2) (i32.shl (call $set.new) (i32.const 4))))
    ;; Traps after the others have had their turn.
    (func (export "fall") (result i32) (call $return) (i32.const 1))
    (func (export "callback") (param i32 i32 i32) (result i32) unreachable))
  (core instance $main (instantiate $Main (with "" (instance
    (export "return" (func $return)) (export "set.new" (func $set.new))))))
  (func (export "stay") async (canon lift (core func $main "stay") async (callback (core func $main "callback"))))
  (func (export "fall") async (canon lift (core func $main "fall") async (callback (core func $main "callback")))))
