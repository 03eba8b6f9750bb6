;; Nested components: outer aliases, instances of their own, resource types that are new each time.

;; Types, modules and components of the components around, from two levels down.
(component
  (type $point (tuple u32 u32))
  (core module $Add
    (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))
  (component $Adder
    (alias outer 1 $Add (core module $add))
    (alias outer 1 $point (type $p))
    (core instance $i (instantiate $add))
    (func (export "sum") (param "p" $p) (result u32) (canon lift (core func $i "add"))))
  (component $Outer
    (component $Inner
      (alias outer 2 $Adder (component $adder))
      (instance $a (instantiate $adder))
      (export "adder" (instance $a)))
    (instance $i (instantiate $Inner))
    (alias export $i "adder" (instance $a))
    (export "adder" (instance $a)))
  (instance $o (instantiate $Outer))
  (alias export $o "adder" (instance $a))
  (func (export "sum") (alias export $a "sum")))
(assert_return (invoke "sum" (tuple.const (u32.const 20) (u32.const 22))) (u32.const 42))

;; Two instances of one component share its code and nothing else.
(component
  (component $Counter
    (core module $M
      (memory 1)
      (func (export "next") (result i32)
        (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1)))
        (i32.load (i32.const 0))))
    (core instance $m (instantiate $M))
    (func (export "next") (result u32) (canon lift (core func $m "next"))))
  (instance $a (instantiate $Counter))
  (instance $b (instantiate $Counter))
  (func (export "a") (alias export $a "next"))
  (func (export "b") (alias export $b "next")))
(assert_return (invoke "a") (u32.const 1))
(assert_return (invoke "a") (u32.const 2))
(assert_return (invoke "b") (u32.const 1))
(assert_return (invoke "a") (u32.const 3))

;; A component instantiated twice defines two resource types. Here both instances hand out handles to one user: its table
;; keeps them apart, and each destructor runs in the instance that made the resource.
(component definition $Twice
  (component $Maker
    (import "base" (core module $Base (export "base" (global i32))))
    (core module $Dtor
      (global $last (mut i32) (i32.const 0))
      (func (export "dtor") (param i32) (global.set $last (local.get 0)))
      (func (export "last") (result i32) (global.get $last)))
    (core instance $dtor (instantiate $Dtor))
    (type $r' (resource (rep i32) (dtor (core func $dtor "dtor"))))
    (canon resource.new $r' (core func $new))
    (core module $M
      (import "" "new" (func $new (param i32) (result i32)))
      (import "base" "base" (global $base i32))
      (func (export "make") (result i32) (call $new (global.get $base)))
      (func (export "peek") (param i32) (result i32) (local.get 0)))
    (core instance $base (instantiate $Base))
    (core instance $m (instantiate $M (with "" (instance (export "new" (func $new)))) (with "base" (instance $base))))
    (export $r "r" (type $r'))
    (func (export "make") (result (own $r)) (canon lift (core func $m "make")))
    (func (export "peek") (param "r" (borrow $r)) (result u32) (canon lift (core func $m "peek")))
    (func (export "last") (result u32) (canon lift (core func $dtor "last"))))
  (core module $Ten (global (export "base") i32 (i32.const 10)))
  (core module $Twenty (global (export "base") i32 (i32.const 20)))
  (instance $a (instantiate $Maker (with "base" (core module $Ten))))
  (instance $b (instantiate $Maker (with "base" (core module $Twenty))))
  (alias export $a "r" (type $ra))
  (alias export $b "r" (type $rb))
  (canon lower (func $a "make") (core func $make-a))
  (canon lower (func $b "make") (core func $make-b))
  (canon lower (func $a "peek") (core func $peek-a))
  (canon lower (func $b "peek") (core func $peek-b))
  (canon resource.drop $ra (core func $drop-a))
  (canon resource.drop $rb (core func $drop-b))
  (core module $M
    (import "" "make-a" (func $make-a (result i32)))
    (import "" "make-b" (func $make-b (result i32)))
    (import "" "peek-a" (func $peek-a (param i32) (result i32)))
    (import "" "peek-b" (func $peek-b (param i32) (result i32)))
    (import "" "drop-a" (func $drop-a (param i32)))
    (import "" "drop-b" (func $drop-b (param i32)))
    (func (export "run") (result i32)
      (local $a i32) (local $b i32) (local $sum i32)
      (local.set $a (call $make-a))
      (local.set $b (call $make-b))
      (local.set $sum (i32.add (i32.mul (local.get $a) (i32.const 1000)) (i32.mul (local.get $b) (i32.const 100))))
      (local.set $sum (i32.add (local.get $sum) (i32.add (call $peek-a (local.get $a)) (call $peek-b (local.get $b)))))
      (call $drop-b (local.get $b))
      (local.get $sum))
    (func (export "mixed-peek") (drop (call $peek-b (call $make-a))))
    (func (export "mixed-drop") (call $drop-a (call $make-b))))
  (core instance $m (instantiate $M (with "" (instance
    (export "make-a" (func $make-a)) (export "make-b" (func $make-b))
    (export "peek-a" (func $peek-a)) (export "peek-b" (func $peek-b))
    (export "drop-a" (func $drop-a)) (export "drop-b" (func $drop-b))))))
  (func (export "run") (result u32) (canon lift (core func $m "run")))
  (func (export "mixed-peek") (canon lift (core func $m "mixed-peek")))
  (func (export "mixed-drop") (canon lift (core func $m "mixed-drop")))
  (func (export "last-a") (alias export $a "last"))
  (func (export "last-b") (alias export $b "last")))

(component instance $i $Twice)
(assert_return (invoke "run") (u32.const 1230))
(assert_return (invoke "last-a") (u32.const 0))
(assert_return (invoke "last-b") (u32.const 20))
(component instance $i $Twice)
(assert_trap (invoke "mixed-peek") "handle index 1 used with the wrong type")
(component instance $i $Twice)
(assert_trap (invoke "mixed-drop") "handle index 1 used with the wrong type")

;; So the validator refuses to mix them where it can see it.
(assert_invalid
  (component
    (component $C
      (type $r' (resource (rep i32)))
      (export $r "r" (type $r'))
      (core module $M (func (export "f") (param i32)))
      (core instance $m (instantiate $M))
      (func (export "f") (param "x" (own $r)) (canon lift (core func $m "f"))))
    (component $D
      (import "r" (type $r (sub resource)))
      (import "f" (func (param "x" (own $r)))))
    (instance $a (instantiate $C))
    (instance $b (instantiate $C))
    (alias export $b "r" (type $rb))
    (instance (instantiate $D (with "r" (type $rb)) (with "f" (func $a "f")))))
  "resource types are not the same")

;; An outer alias of a resource type would tie instances together that are not: refused.
(assert_invalid
  (component
    (type $r (resource (rep i32)))
    (component
      (alias outer 1 $r (type $r'))
      (export "r" (type $r'))))
  "refers to resources not defined in the current component")
