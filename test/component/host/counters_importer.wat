;; Uses demo:c/counters@0.3.0.
(component
  (import "demo:c/counters@0.3.0" (instance $c
    (export "counter" (type $counter (sub resource)))
    (export "make" (func (param "rep" u32) (result (own $counter))))
    (export "peek" (func (param "c" (borrow $counter)) (result u32)))
    (export "dropped" (func (result u32)))))
  (alias export $c "counter" (type $counter))
  (canon lower (func $c "make") (core func $make))
  (canon lower (func $c "peek") (core func $peek))
  (canon lower (func $c "dropped") (core func $dropped))
  (canon resource.drop $counter (core func $drop))
  (core module $M
    (import "" "make" (func $make (param i32) (result i32)))
    (import "" "peek" (func $peek (param i32) (result i32)))
    (import "" "dropped" (func $dropped (result i32)))
    (import "" "drop" (func $drop (param i32)))
    ;; Leaves its handle.
    (func (export "peek") (param $rep i32) (result i32) (call $peek (call $make (local.get $rep))))
    (func (export "drop") (param $rep i32) (result i32)
      (call $drop (call $make (local.get $rep)))
      (call $dropped)))
  (core instance $m (instantiate $M (with "" (instance
    (export "make" (func $make)) (export "peek" (func $peek)) (export "dropped" (func $dropped))
    (export "drop" (func $drop))))))
  (func (export "peek") (param "rep" u32) (result u32) (canon lift (core func $m "peek")))
  (func (export "drop") (param "rep" u32) (result u32) (canon lift (core func $m "drop"))))
