;; Calls functions that go on after they have returned (lingering.wat), and ends.
(component
  (import "stay" (func $stay async))
  (import "fall" (func $fall async))
  (canon lower (func $stay) async (core func $stay'))
  (canon lower (func $fall) async (core func $fall'))
  (core module $Main
    (import "" "stay" (func $stay (result i32)))
    (import "" "fall" (func $fall (result i32)))
    (func $returned (param $status i32)
      (if (i32.ne (local.get $status) (i32.const 2)) (then unreachable)))
    (func (export "leave-one") (call $returned (call $stay)))
    (func (export "leave-one-that-falls") (call $returned (call $fall))))
  (core instance $main (instantiate $Main (with "" (instance
    (export "stay" (func $stay')) (export "fall" (func $fall'))))))
  (func (export "leave-one") (canon lift (core func $main "leave-one")))
  (func (export "leave-one-that-falls") (canon lift (core func $main "leave-one-that-falls"))))
