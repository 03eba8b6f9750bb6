package main

import (
	"runtime"
	"strings"
	"unsafe"

	"wisp/guests/component"
)

// A result area: what a function of more than one flat result is lowered into. The largest holds an error-code.
type area [8]uint64

func (a *area) pointer() unsafe.Pointer { return unsafe.Pointer(a) }
func (a *area) word(index int) uint32   { return (*[16]uint32)(unsafe.Pointer(a))[index] }
func (a *area) failed() bool            { return a.word(0)&0xff != 0 }

type field struct{ name, value string }

// The layout of tuple<string, list<u8>>. Pointers are numbers here: Go's own are 64 bits wide even on wasm32.
type flatField struct{ name, nameSize, value, valueSize uint32 }

func address(text string) uint32 { return uint32(uintptr(unsafe.Pointer(unsafe.StringData(text)))) }

// textAt copies a string that was lowered.
func textAt(address, size uint32) string {
	return strings.Clone(unsafe.String((*byte)(unsafe.Pointer(uintptr(address))), int(size)))
}

//go:wasmimport wasi:http/types@0.2.12 [static]fields.from-list
func fieldsFromList(list unsafe.Pointer, length uint32, ret unsafe.Pointer)

//go:wasmimport wasi:http/types@0.2.12 [method]fields.entries
func fieldsEntries(self int32, ret unsafe.Pointer)

//go:wasmimport wasi:http/types@0.2.12 [resource-drop]fields
func fieldsDrop(self int32)

//go:wasmimport wasi:http/types@0.2.12 [constructor]outgoing-response
func responseNew(headers int32) int32

//go:wasmimport wasi:http/types@0.2.12 [method]outgoing-response.set-status-code
func responseSetStatus(self, status int32) int32

//go:wasmimport wasi:http/types@0.2.12 [method]outgoing-response.body
func responseBody(self int32, ret unsafe.Pointer)

//go:wasmimport wasi:http/types@0.2.12 [static]response-outparam.set
func outparamSet(param, isError, value, a int32, b int64, c, d, e, f int32)

//go:wasmimport wasi:http/types@0.2.12 [method]outgoing-body.write
func outgoingBodyWrite(self int32, ret unsafe.Pointer)

//go:wasmimport wasi:http/types@0.2.12 [static]outgoing-body.finish
func outgoingBodyFinish(self, hasTrailers, trailers int32, ret unsafe.Pointer)

//go:wasmimport wasi:http/types@0.2.12 [method]incoming-request.path-with-query
func requestPath(self int32, ret unsafe.Pointer)

//go:wasmimport wasi:http/types@0.2.12 [method]incoming-request.headers
func requestHeaders(self int32) int32

//go:wasmimport wasi:http/types@0.2.12 [method]incoming-request.consume
func requestConsume(self int32, ret unsafe.Pointer)

//go:wasmimport wasi:http/types@0.2.12 [resource-drop]incoming-request
func requestDrop(self int32)

//go:wasmimport wasi:http/types@0.2.12 [method]incoming-body.stream
func incomingBodyStream(self int32, ret unsafe.Pointer)

//go:wasmimport wasi:http/types@0.2.12 [static]incoming-body.finish
func incomingBodyFinish(self int32) int32

//go:wasmimport wasi:http/types@0.2.12 [resource-drop]future-trailers
func futureTrailersDrop(self int32)

//go:wasmimport wasi:io/streams@0.2.12 [method]output-stream.blocking-write-and-flush
func streamWrite(self int32, data unsafe.Pointer, size uint32, ret unsafe.Pointer)

//go:wasmimport wasi:io/streams@0.2.12 [resource-drop]output-stream
func outputStreamDrop(self int32)

//go:wasmimport wasi:io/streams@0.2.12 [method]input-stream.blocking-read
func streamRead(self int32, size uint64, ret unsafe.Pointer)

//go:wasmimport wasi:io/streams@0.2.12 [resource-drop]input-stream
func inputStreamDrop(self int32)

//go:wasmimport wasi:io/error@0.2.12 [resource-drop]error
func errorDrop(self int32)

func target(request int32) string {
	ret := new(area)
	requestPath(request, ret.pointer())
	if !ret.failed() { // none
		return "/"
	}
	return textAt(ret.word(1), ret.word(2))
}

func headers(request int32) []field {
	fields := requestHeaders(request)
	ret := new(area)
	fieldsEntries(fields, ret.pointer())
	entries := unsafe.Slice((*flatField)(unsafe.Pointer(uintptr(ret.word(0)))), int(ret.word(1)))
	var list []field
	for _, entry := range entries {
		list = append(list, field{textAt(entry.name, entry.nameSize), textAt(entry.value, entry.valueSize)})
	}
	fieldsDrop(fields)
	return list
}

// A response whose head is sent; its body is written piece by piece.
type response struct{ body, stream int32 }

func respond(out, status int32, headers []field) response {
	flat := make([]flatField, len(headers))
	for i, header := range headers {
		flat[i] = flatField{address(header.name), uint32(len(header.name)), address(header.value), uint32(len(header.value))}
	}
	ret := new(area)
	fieldsFromList(unsafe.Pointer(unsafe.SliceData(flat)), uint32(len(flat)), ret.pointer())
	runtime.KeepAlive(headers)
	if ret.failed() {
		panic("the host refuses the headers")
	}
	handle := responseNew(int32(ret.word(1)))
	if responseSetStatus(handle, status) != 0 {
		panic("the host refuses the status")
	}
	responseBody(handle, ret.pointer())
	body := int32(ret.word(1))
	outparamSet(out, 0, handle, 0, 0, 0, 0, 0, 0)
	outgoingBodyWrite(body, ret.pointer())
	return response{body, int32(ret.word(1))}
}

func (r response) write(bytes []byte) {
	ret := new(area)
	for len(bytes) > 0 {
		part := bytes[:min(len(bytes), 4096)]
		streamWrite(r.stream, unsafe.Pointer(unsafe.SliceData(part)), uint32(len(part)), ret.pointer())
		if ret.failed() {
			if ret.word(1)&0xff == 0 { // last-operation-failed carries an error
				errorDrop(int32(ret.word(2)))
			}
			return
		}
		bytes = bytes[len(part):]
	}
}

func (r response) finish() {
	outputStreamDrop(r.stream)
	outgoingBodyFinish(r.body, 0, 0, new(area).pointer())
}

// A request body that is being read.
type incoming struct{ body, stream int32 }

func consume(request int32) incoming {
	ret := new(area)
	requestConsume(request, ret.pointer())
	body := int32(ret.word(1))
	incomingBodyStream(body, ret.pointer())
	return incoming{body, int32(ret.word(1))}
}

// read waits for the next bytes, which are good until the next read; false at the end of the body.
func (i incoming) read() ([]byte, bool) {
	component.Release()
	ret := new(area)
	streamRead(i.stream, 65536, ret.pointer())
	if ret.failed() {
		if ret.word(1)&0xff == 0 {
			panic("the body broke off")
		}
		return nil, false
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(uintptr(ret.word(1)))), int(ret.word(2))), true
}

func (i incoming) finish() {
	inputStreamDrop(i.stream)
	futureTrailersDrop(incomingBodyFinish(i.body))
}
