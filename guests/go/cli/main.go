// A command in Go: greets, copies its input, works with a file. What it does, all languages' guests do.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	_ "wisp/guests/component"
)

func file(folder string) error {
	path, text := filepath.Join(folder, "go.txt"), "written by Go"
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		return err
	}
	read, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if string(read) != text {
		return errors.New("read something else")
	}
	fmt.Println("file ok")
	return os.Remove(path)
}

func run(words []string) error {
	switch {
	case len(words) == 1 && words[0] == "hello":
		fmt.Println("Hello, world, from Go!")
	case len(words) == 2 && words[0] == "hello":
		fmt.Printf("Hello, %s, from Go!\n", words[1])
	case len(words) == 1 && words[0] == "cat":
		_, err := io.Copy(os.Stdout, os.Stdin)
		return err
	case len(words) == 2 && words[0] == "file":
		return file(words[1])
	default:
		return errors.New("unknown command")
	}
	return nil
}

// A command as a component exports it: an executable's own start is no way in for the adapter, which asks for memory
// before the runtime is up.
//
//go:wasmexport wasi:cli/run@0.2.12#run
func exportedRun() int32 {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func main() {}
