;; Asks for 128 MiB at once.
(module (memory (export "memory") 2048))
