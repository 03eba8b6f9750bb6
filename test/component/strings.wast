;; All nine pairs of string encodings between two components. Caller and callee hold the same two strings in their own
;; encoding and compare what arrives byte by byte; the callee sends the second one back.
;;
;; A data module exports a memory: at 0 (first string, "hé") and 32 (second, "h☃") the length as the ABI passes it, the
;; length in bytes, then the bytes. Strings that arrive are put at 1024 and after.
(component
  (core module $Utf8
    (memory (export "memory") 1)
    (data (i32.const 0) "\03\00\00\00\03\00\00\00\68\c3\a9")
    (data (i32.const 32) "\04\00\00\00\04\00\00\00\68\e2\98\83"))
  (core module $Utf16
    (memory (export "memory") 1)
    (data (i32.const 0) "\02\00\00\00\04\00\00\00\68\00\e9\00")
    (data (i32.const 32) "\02\00\00\00\04\00\00\00\68\00\03\26"))
  (core module $Latin1
    (memory (export "memory") 1)
    (data (i32.const 0) "\02\00\00\00\02\00\00\00\68\e9")
    (data (i32.const 32) "\02\00\00\80\04\00\00\00\68\00\03\26"))
  (core module $Alloc
    (import "data" "memory" (memory 1))
    (global $next (mut i32) (i32.const 1024))
    (func (export "realloc") (param $old i32) (param $old-size i32) (param $align i32) (param $size i32) (result i32)
      (local $new i32)
      (local.set $new (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
      (global.set $next (i32.add (local.get $new) (local.get $size)))
      (if (i32.lt_u (local.get $size) (local.get $old-size)) (then (local.set $old-size (local.get $size))))
      (memory.copy (local.get $new) (local.get $old) (local.get $old-size))
      (local.get $new))
    ;; Whether the string at $at of $length is the one whose description is at $wanted.
    (func (export "same") (param $at i32) (param $length i32) (param $wanted i32) (result i32)
      (local $i i32)
      (if (i32.ne (local.get $length) (i32.load (local.get $wanted))) (then (return (i32.const 0))))
      (loop $next
        (if (i32.lt_u (local.get $i) (i32.load offset=4 (local.get $wanted)))
          (then
            (if (i32.ne (i32.load8_u (i32.add (local.get $at) (local.get $i)))
                        (i32.load8_u offset=8 (i32.add (local.get $wanted) (local.get $i))))
              (then (return (i32.const 0))))
            (local.set $i (i32.add (local.get $i) (i32.const 1)))
            (br $next))))
      (i32.const 1)))
  (core module $Callee
    (import "data" "memory" (memory 1))
    (import "alloc" "same" (func $same (param i32 i32 i32) (result i32)))
    (func (export "f") (param $a i32) (param $a-length i32) (param $b i32) (param $b-length i32) (result i32)
      (if (i32.eqz (call $same (local.get $a) (local.get $a-length) (i32.const 0))) (then unreachable))
      (if (i32.eqz (call $same (local.get $b) (local.get $b-length) (i32.const 32))) (then unreachable))
      (i32.store (i32.const 512) (i32.const 40))
      (i32.store (i32.const 516) (i32.load (i32.const 32)))
      (i32.const 512)))
  (core module $Caller
    (import "data" "memory" (memory 1))
    (import "alloc" "same" (func $same (param i32 i32 i32) (result i32)))
    (import "" "f" (func $f (param i32 i32 i32 i32 i32)))
    (func (export "run") (result i32)
      (call $f (i32.const 8) (i32.load (i32.const 0)) (i32.const 40) (i32.load (i32.const 32)) (i32.const 520))
      (call $same (i32.load (i32.const 520)) (i32.load (i32.const 524)) (i32.const 32))))

  (component $Callee8
    (alias outer 1 $Utf8 (core module $Data)) (alias outer 1 $Alloc (core module $Alloc))
    (alias outer 1 $Callee (core module $Callee))
    (core instance $data (instantiate $Data))
    (core instance $alloc (instantiate $Alloc (with "data" (instance $data))))
    (core instance $m (instantiate $Callee (with "data" (instance $data)) (with "alloc" (instance $alloc))))
    (func (export "f") (param "a" string) (param "b" string) (result string)
      (canon lift (core func $m "f") string-encoding=utf8
        (memory (core memory $data "memory")) (realloc (core func $alloc "realloc")))))
  (component $Callee16
    (alias outer 1 $Utf16 (core module $Data)) (alias outer 1 $Alloc (core module $Alloc))
    (alias outer 1 $Callee (core module $Callee))
    (core instance $data (instantiate $Data))
    (core instance $alloc (instantiate $Alloc (with "data" (instance $data))))
    (core instance $m (instantiate $Callee (with "data" (instance $data)) (with "alloc" (instance $alloc))))
    (func (export "f") (param "a" string) (param "b" string) (result string)
      (canon lift (core func $m "f") string-encoding=utf16
        (memory (core memory $data "memory")) (realloc (core func $alloc "realloc")))))
  (component $CalleeL
    (alias outer 1 $Latin1 (core module $Data)) (alias outer 1 $Alloc (core module $Alloc))
    (alias outer 1 $Callee (core module $Callee))
    (core instance $data (instantiate $Data))
    (core instance $alloc (instantiate $Alloc (with "data" (instance $data))))
    (core instance $m (instantiate $Callee (with "data" (instance $data)) (with "alloc" (instance $alloc))))
    (func (export "f") (param "a" string) (param "b" string) (result string)
      (canon lift (core func $m "f") string-encoding=latin1+utf16
        (memory (core memory $data "memory")) (realloc (core func $alloc "realloc")))))

  (component $Caller8
    (import "f" (func $f (param "a" string) (param "b" string) (result string)))
    (alias outer 1 $Utf8 (core module $Data)) (alias outer 1 $Alloc (core module $Alloc))
    (alias outer 1 $Caller (core module $Caller))
    (core instance $data (instantiate $Data))
    (core instance $alloc (instantiate $Alloc (with "data" (instance $data))))
    (canon lower (func $f) string-encoding=utf8
      (memory (core memory $data "memory")) (realloc (core func $alloc "realloc")) (core func $f'))
    (core instance $m (instantiate $Caller (with "data" (instance $data)) (with "alloc" (instance $alloc))
      (with "" (instance (export "f" (func $f'))))))
    (func (export "run") (result bool) (canon lift (core func $m "run"))))
  (component $Caller16
    (import "f" (func $f (param "a" string) (param "b" string) (result string)))
    (alias outer 1 $Utf16 (core module $Data)) (alias outer 1 $Alloc (core module $Alloc))
    (alias outer 1 $Caller (core module $Caller))
    (core instance $data (instantiate $Data))
    (core instance $alloc (instantiate $Alloc (with "data" (instance $data))))
    (canon lower (func $f) string-encoding=utf16
      (memory (core memory $data "memory")) (realloc (core func $alloc "realloc")) (core func $f'))
    (core instance $m (instantiate $Caller (with "data" (instance $data)) (with "alloc" (instance $alloc))
      (with "" (instance (export "f" (func $f'))))))
    (func (export "run") (result bool) (canon lift (core func $m "run"))))
  (component $CallerL
    (import "f" (func $f (param "a" string) (param "b" string) (result string)))
    (alias outer 1 $Latin1 (core module $Data)) (alias outer 1 $Alloc (core module $Alloc))
    (alias outer 1 $Caller (core module $Caller))
    (core instance $data (instantiate $Data))
    (core instance $alloc (instantiate $Alloc (with "data" (instance $data))))
    (canon lower (func $f) string-encoding=latin1+utf16
      (memory (core memory $data "memory")) (realloc (core func $alloc "realloc")) (core func $f'))
    (core instance $m (instantiate $Caller (with "data" (instance $data)) (with "alloc" (instance $alloc))
      (with "" (instance (export "f" (func $f'))))))
    (func (export "run") (result bool) (canon lift (core func $m "run"))))

  (instance $c8 (instantiate $Callee8))
  (instance $c16 (instantiate $Callee16))
  (instance $cl (instantiate $CalleeL))
  (instance $from8-to8 (instantiate $Caller8 (with "f" (func $c8 "f"))))
  (instance $from8-to16 (instantiate $Caller8 (with "f" (func $c16 "f"))))
  (instance $from8-tol (instantiate $Caller8 (with "f" (func $cl "f"))))
  (instance $from16-to8 (instantiate $Caller16 (with "f" (func $c8 "f"))))
  (instance $from16-to16 (instantiate $Caller16 (with "f" (func $c16 "f"))))
  (instance $from16-tol (instantiate $Caller16 (with "f" (func $cl "f"))))
  (instance $froml-to8 (instantiate $CallerL (with "f" (func $c8 "f"))))
  (instance $froml-to16 (instantiate $CallerL (with "f" (func $c16 "f"))))
  (instance $froml-tol (instantiate $CallerL (with "f" (func $cl "f"))))
  (func (export "from8-to8") (alias export $from8-to8 "run"))
  (func (export "from8-to16") (alias export $from8-to16 "run"))
  (func (export "from8-tol") (alias export $from8-tol "run"))
  (func (export "from16-to8") (alias export $from16-to8 "run"))
  (func (export "from16-to16") (alias export $from16-to16 "run"))
  (func (export "from16-tol") (alias export $from16-tol "run"))
  (func (export "froml-to8") (alias export $froml-to8 "run"))
  (func (export "froml-to16") (alias export $froml-to16 "run"))
  (func (export "froml-tol") (alias export $froml-tol "run"))
  ;; And the host on one side.
  (func (export "host8") (alias export $c8 "f"))
  (func (export "host16") (alias export $c16 "f"))
  (func (export "hostl") (alias export $cl "f")))

(assert_return (invoke "from8-to8") (bool.const true))
(assert_return (invoke "from8-to16") (bool.const true))
(assert_return (invoke "from8-tol") (bool.const true))
(assert_return (invoke "from16-to8") (bool.const true))
(assert_return (invoke "from16-to16") (bool.const true))
(assert_return (invoke "from16-tol") (bool.const true))
(assert_return (invoke "froml-to8") (bool.const true))
(assert_return (invoke "froml-to16") (bool.const true))
(assert_return (invoke "froml-tol") (bool.const true))
(assert_return (invoke "host8" (str.const "hé") (str.const "h☃")) (str.const "h☃"))
(assert_return (invoke "host16" (str.const "hé") (str.const "h☃")) (str.const "h☃"))
(assert_return (invoke "hostl" (str.const "hé") (str.const "h☃")) (str.const "h☃"))

;; What is no string: each function returns the words that were set before.
(component definition $Bad
  (core module $M
    (memory (export "memory") 1)
    (data (i32.const 16) "\c0\80")          ;; overlong
    (data (i32.const 24) "\ed\a0\80")       ;; a surrogate in UTF-8
    (data (i32.const 32) "\e2\98")          ;; cut
    (data (i32.const 40) "\f4\90\80\80")    ;; beyond U+10FFFF
    (data (i32.const 48) "\00\d8\41\00")    ;; an unpaired surrogate
    (data (i32.const 56) "\00\dc")          ;; the second one alone
    (func (export "get") (param i32 i32) (result i32)
      (i32.store (i32.const 0) (local.get 0))
      (i32.store (i32.const 4) (local.get 1))
      (i32.const 0)))
  (core instance $m (instantiate $M))
  (func (export "utf8") (param "at" u32) (param "length" u32) (result string)
    (canon lift (core func $m "get") string-encoding=utf8 (memory (core memory $m "memory"))))
  (func (export "utf16") (param "at" u32) (param "length" u32) (result string)
    (canon lift (core func $m "get") string-encoding=utf16 (memory (core memory $m "memory"))))
  (func (export "latin1") (param "at" u32) (param "length" u32) (result string)
    (canon lift (core func $m "get") string-encoding=latin1+utf16 (memory (core memory $m "memory")))))

(component instance $i $Bad)
(assert_return (invoke "utf8" (u32.const 65536) (u32.const 0)) (str.const ""))
(assert_return (invoke "latin1" (u32.const 16) (u32.const 2)) (str.const "\u{c0}\u{80}"))
(assert_trap (invoke "utf8" (u32.const 16) (u32.const 2)) "invalid utf-8")
(component instance $i $Bad)
(assert_trap (invoke "utf8" (u32.const 24) (u32.const 3)) "invalid utf-8")
(component instance $i $Bad)
(assert_trap (invoke "utf8" (u32.const 32) (u32.const 2)) "invalid utf-8")
(component instance $i $Bad)
(assert_trap (invoke "utf8" (u32.const 40) (u32.const 4)) "invalid utf-8")
(component instance $i $Bad)
(assert_trap (invoke "utf8" (u32.const 65535) (u32.const 2)) "out-of-bounds")
(component instance $i $Bad)
(assert_trap (invoke "utf8" (u32.const 65537) (u32.const 0)) "out-of-bounds")
(component instance $i $Bad)
(assert_trap (invoke "utf8" (u32.const 16) (u32.const 0xffffffff)) "out-of-bounds")
(component instance $i $Bad)
(assert_trap (invoke "utf16" (u32.const 48) (u32.const 2)) "invalid utf-16")
(component instance $i $Bad)
(assert_trap (invoke "utf16" (u32.const 56) (u32.const 1)) "invalid utf-16")
(component instance $i $Bad)
(assert_trap (invoke "utf16" (u32.const 17) (u32.const 1)) "unaligned pointer")
(component instance $i $Bad)
(assert_trap (invoke "utf16" (u32.const 16) (u32.const 0x7fffffff)) "out-of-bounds")
(component instance $i $Bad)
(assert_trap (invoke "latin1" (u32.const 17) (u32.const 1)) "unaligned pointer")
(component instance $i $Bad)
(assert_trap (invoke "latin1" (u32.const 48) (u32.const 0x80000002)) "invalid utf-16")
