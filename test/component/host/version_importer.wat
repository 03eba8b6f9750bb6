;; ask() is what demo:v/answer@0.3.0 says.
(component
  (import "demo:v/answer@0.3.0" (instance $answer (export "get" (func (result u32)))))
  (core func $get (canon lower (func $answer "get")))
  (core module $m
    (import "answer" "get" (func $get (result i32)))
    (func (export "ask") (result i32) call $get))
  (core instance $i (instantiate $m (with "answer" (instance (export "get" (func $get))))))
  (func (export "ask") (result u32) (canon lift (core func $i "ask"))))
