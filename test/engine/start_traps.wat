;; Its start function traps in a function with a name.
(module
  (memory 1)
  (func $at_start (unreachable))
  (start $at_start))
