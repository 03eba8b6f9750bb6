// An HTTP component in Go: greets, echoes, lists headers. What it answers, all languages' guests do.
// The bindings generator for Go needs a package that no module proxy serves: the imports are written by hand (wasi.go).
package main

import (
	"fmt"
	"net/url"
	"strings"

	"wisp/guests/component"
)

func respondText(out int32, status int32, text string, headers ...field) {
	response := respond(out, status, append(headers, field{"content-type", "text/plain"}))
	response.write([]byte(text))
	response.finish()
}

func echo(request, out int32) {
	body := consume(request)
	response := respond(out, 200, nil)
	for {
		bytes, more := body.read()
		if !more {
			break
		}
		response.write(bytes)
	}
	body.finish()
	response.finish()
}

func answer(request, out int32) {
	target, err := url.Parse(target(request))
	if err != nil {
		respondText(out, 400, "bad target\n")
		return
	}
	switch target.Path {
	case "/":
		name := target.Query().Get("name")
		if name == "" {
			name = "world"
		}
		respondText(out, 200, fmt.Sprintf("Hello, %s, from Go!\n", name))
	case "/echo":
		echo(request, out)
	case "/headers":
		var text strings.Builder
		fields := headers(request)
		for _, field := range fields {
			fmt.Fprintf(&text, "%s: %s\n", field.name, field.value)
		}
		respondText(out, 200, text.String(), field{"x-count", fmt.Sprint(len(fields))})
	default:
		respondText(out, 404, "not found\n")
	}
}

//go:wasmexport wasi:http/incoming-handler@0.2.12#handle
func handle(request, out int32) {
	answer(request, out)
	requestDrop(request)
	component.Release()
}

func main() {}
