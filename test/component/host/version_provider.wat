;; demo:v/answer@0.2.0: get() is 42.
(component
  (core module $m
    (func (export "get") (result i32) i32.const 42))
  (core instance $i (instantiate $m))
  (func $get (result u32) (canon lift (core func $i "get")))
  (instance $answer (export "get" (func $get)))
  (export "demo:v/answer@0.2.0" (instance $answer)))
