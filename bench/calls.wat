;; What a sync call between two instances of one tree costs (micro_component.cpp).
(component
  (component $Adder
    (core module $Main (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))
    (core instance $main (instantiate $Main))
    (func (export "add") (param "a" u32) (param "b" u32) (result u32) (canon lift (core func $main "add"))))
  (instance $adder (instantiate $Adder))
  (component $Caller
    (import "add" (func $add (param "a" u32) (param "b" u32) (result u32)))
    (canon lower (func $add) (core func $add'))
    (core module $Main
      (import "" "add" (func $add (param i32 i32) (result i32)))
      (func (export "run") (param $n i32) (result i32)
        (local $sum i32)
        (loop $more
          (local.set $sum (call $add (local.get $sum) (i32.const 1)))
          (br_if $more (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (local.get $sum)))
    (core instance $main (instantiate $Main (with "" (instance (export "add" (func $add'))))))
    (func (export "run") (param "times" u32) (result u32) (canon lift (core func $main "run"))))
  (instance $caller (instantiate $Caller (with "add" (func $adder "add"))))
  (func (export "run") (alias export $caller "run")))
