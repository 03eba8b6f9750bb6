// Package component is what a Go module needs to become a component: a place for what the host lowers into it.
package component

import "unsafe"

//go:linkname sbrk runtime.sbrk
func sbrk(n uintptr) unsafe.Pointer

// No import may be called while the host lowers something, and Go's allocator may call one (it reads the clock when it
// collects): what is lowered goes into this arena, which is there from the start.
var arena [1 << 18]byte
var used uintptr
var ready bool

func init() { ready = true }

// The adapter asks for memory before the Go runtime is up: it comes from runtime.sbrk then, so that Go knows of it.
//
//go:wasmexport cabi_realloc
func realloc(old unsafe.Pointer, oldSize, align, size uint32) unsafe.Pointer {
	if !ready {
		p := uintptr(sbrk(uintptr(size) + uintptr(align)))
		return unsafe.Pointer((p + uintptr(align) - 1) &^ (uintptr(align) - 1))
	}
	start := (used + uintptr(align) - 1) &^ (uintptr(align) - 1)
	if start+uintptr(size) > uintptr(len(arena)) {
		panic("more was lowered at once than the arena holds")
	}
	used = start + uintptr(size)
	p := unsafe.Add(unsafe.Pointer(&arena), start)
	copy(unsafe.Slice((*byte)(p), size), unsafe.Slice((*byte)(old), oldSize))
	return p
}

// Release lets go of everything that was lowered so far. Whoever wants to keep it has copied it.
func Release() { used = 0 }
