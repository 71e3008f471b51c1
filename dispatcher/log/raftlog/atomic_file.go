package raftlog

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/quotasched/quotasched/dispatcher/internal/durable"
)

// writeFile replaces a file by another one, which is durable when it returns.
func writeFile(path string, v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return durable.Replace(path, append(b, '\n'))
}

// readFile reads a file of at most 1 MB that writeFile wrote.
func readFile(path string, v any) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, 1<<20))
	if err == nil {
		err = json.Unmarshal(b, v)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}
