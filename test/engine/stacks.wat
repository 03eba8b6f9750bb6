;; The guest of the fiber tests: it blocks in the middle of everything the engine keeps on a stack.
(module
  (import "host" "block" (func $block))
  (import "host" "collect" (func $collect))
  (import "host" "reenter" (func $reenter))
  (type $box (struct (field (mut i32))))
  (type $pair (struct (field (ref null $box)) (field i32)))
  (tag $error (param i32))
  (memory (export "memory") 1)

  (func (export "empty"))
  (func (export "collect") (call $collect))
  (func (export "reenter") (call $reenter))
  (func (export "trap") (unreachable))
  (func (export "allocate") (drop (struct.new $box (i32.const 7))))
  (func (export "churn") (local $i i32)
    (loop $again
      (drop (struct.new $box (i32.const 7)))
      (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 20000)))))

  ;; A reference that only this frame holds lives across two blocks.
  (func (export "hold") (param i32) (result i32) (local $x (ref null $box))
    (local.set $x (struct.new $box (local.get 0)))
    (call $block)
    (call $block)
    (struct.get $box 0 (local.get $x)))
  (func (export "hold_reenter") (param i32) (result i32) (local $x (ref null $box))
    (local.set $x (struct.new $box (local.get 0)))
    (call $reenter)
    (struct.get $box 0 (local.get $x)))
  ;; The same in each of N frames: the sum 1 + … + N.
  (func $deep (export "deep") (param i32) (result i32) (local $x (ref null $pair))
    (local.set $x (struct.new $pair (struct.new $box (local.get 0)) (i32.const 3)))
    (if (result i32) (i32.eqz (local.get 0))
      (then (call $block) (i32.const 0))
      (else (i32.add (call $deep (i32.sub (local.get 0) (i32.const 1)))
                     (struct.get $box 0 (struct.get $pair 0 (local.get $x)))))))

  (func (export "throw_after_block") (result i32)
    (block $caught (result i32)
      (try_table (catch $error $caught) (call $block) (throw $error (i32.const 5)))
      (unreachable)))
  (func (export "rethrow_after_block") (result i32) (local $held exnref)
    (local.set $held
      (block $all (result exnref) (try_table (catch_all_ref $all) (throw $error (i32.const 9))) (unreachable)))
    (call $block)
    (block $caught (result i32) (try_table (catch $error $caught) (throw_ref (local.get $held))) (unreachable)))
  (func (export "uncaught") (throw $error (i32.const 6)))

  ;; Recursion without end; `recurse_collect` allocates and calls the host in every frame.
  (func $recurse (export "recurse") (param i32) (result i32)
    (i32.add (i32.const 1) (call $recurse (i32.add (local.get 0) (i32.const 1)))))
  (func $recurse_collect (export "recurse_collect") (param i32) (result i32) (local $x (ref null $box))
    (local.set $x (struct.new $box (local.get 0)))
    (call $collect)
    (drop (call $recurse_collect (i32.add (local.get 0) (i32.const 1))))
    (struct.get $box 0 (local.get $x)))
  (func (export "recurse_reenter") (call $reenter))

  (func (export "spin") (loop $again (br $again))))
