// Command schemagen writes what describes the fields of an experiment file, from the Go types and
// their comments: the JSON Schema schema.json, and the reference FIELDS.md.
//
//	go run ./simulator/experiment/schemagen
//
// It runs in the repository's top folder.
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

// folder is where the files are written, from the top.
const folder = "simulator/experiment"

func main() {
	if err := run("."); err != nil {
		fmt.Fprintf(os.Stderr, "schemagen: %v\n", err)
		os.Exit(1)
	}
}

// run writes both files below a repository's top folder.
func run(top string) error {
	files, err := generate(top)
	if err != nil {
		return err
	}
	for _, f := range files {
		if err := os.WriteFile(filepath.Join(top, folder, f.name), f.text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// file is one to write.
type file struct {
	name string
	text []byte
}

// generate returns both files.
func generate(top string) ([]file, error) {
	w := &walk{comments: newComments(top)}
	root := w.experiment()
	if w.err != nil {
		return nil, w.err
	}
	schema, err := w.schema(root)
	if err != nil {
		return nil, err
	}
	return []file{{"schema.json", schema}, {"FIELDS.md", w.markdown()}}, nil
}
