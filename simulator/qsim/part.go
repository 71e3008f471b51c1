package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/quotasched/quotasched/simulator/experiment"
	"github.com/quotasched/quotasched/simulator/tune"
)

// part is what a shard of a run or a tuning writes, and `qsim merge` reads.
type part struct {
	// Version is partVersion, and Kind "run" or "tune".
	Version int              `json:"version"`
	Kind    string           `json:"kind"`
	Shard   experiment.Shard `json:"shard"`
	// Args are those of the command line, without the shard and its output.
	Args []string `json:"args"`
	// Digest is that of the experiment's text, so that no two experiments are merged.
	Digest string `json:"digest"`
	// Seeds are those of the experiment, in order, and Top is how many accounts have rows.
	Seeds []uint64 `json:"seeds,omitempty"`
	Top   int      `json:"top,omitempty"`
	// Results are the runs of a shard of a run.
	Results *experiment.Results `json:"results,omitempty"`
	// Starts are those of a shard of a tuning.
	Starts []*tune.Start `json:"starts,omitempty"`
}

const partVersion = 1

// shardFlag is a flag --shard.
type shardFlag struct{ experiment.Shard }

func (f *shardFlag) Type() string { return "K/N" }

func (f *shardFlag) Set(text string) (err error) {
	f.Shard, err = experiment.ParseShard(text)
	return err
}

// shardHelp says what --shard does.
const shardHelp = "do a part of the work, such as 3/8, and write it with -o for qsim merge"

// digestOf identifies the text of an experiment.
func digestOf(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// withoutShard returns a command line without the flags that are a shard's.
func withoutShard(args []string) []string {
	var out []string
	for i := 0; i < len(args); i++ {
		switch a := args[i]; {
		case slices.Contains([]string{"--shard", "-o", "--out", "--parallel", "--progress"}, a):
			i++
		case slices.ContainsFunc([]string{"--shard=", "-o", "--out=", "--parallel=", "--progress="},
			func(flag string) bool { return strings.HasPrefix(a, flag) }):
		default:
			out = append(out, a)
		}
	}
	return out
}

// write writes the part.
func (p *part) write(ctx context.Context, path string, stdout io.Writer) error {
	return writeWhole(ctx, path, stdout, func(w io.Writer) error {
		return json.NewEncoder(w).Encode(p)
	})
}

// readPart reads a part.
func readPart(path string) (*part, error) {
	text, err := readFile(path)
	if err != nil {
		return nil, err
	}
	p := &part{}
	switch err := json.Unmarshal(text, p); {
	case err != nil:
		return nil, fmt.Errorf("%s: not a part that --shard has written: %w", path, err)
	case p.Version != partVersion:
		return nil, fmt.Errorf("%s: a part of version %d; this program reads version %d", path,
			p.Version, partVersion)
	case p.Kind == "run" && p.Results == nil, p.Kind != "run" && p.Kind != "tune", p.Shard.Of < 1:
		return nil, fmt.Errorf("%s: not a part that --shard has written", path)
	}
	return p, nil
}

// checkParts returns an error unless the parts are all shards of one command, each once.
func checkParts(parts []*part, paths []string) error {
	first := parts[0]
	seen := make([]string, first.Shard.Of+1)
	for i, p := range parts {
		switch {
		case p.Kind != first.Kind || p.Shard.Of != first.Shard.Of || p.Digest != first.Digest ||
			!slices.Equal(p.Args, first.Args):
			return fmt.Errorf("%s and %s are not of the same command and experiment", paths[0],
				paths[i])
		case p.Shard.Number < 1 || p.Shard.Number > p.Shard.Of:
			return fmt.Errorf("%s: there is no shard %v", paths[i], p.Shard)
		case seen[p.Shard.Number] != "":
			return fmt.Errorf("%s and %s are both shard %v", seen[p.Shard.Number], paths[i], p.Shard)
		case p.Results != nil && p.Results.Partial:
			return fmt.Errorf("%s: interrupted; do this shard again", paths[i])
		}
		seen[p.Shard.Number] = paths[i]
	}
	var errs []error
	for number := 1; number <= first.Shard.Of; number++ {
		if seen[number] == "" {
			errs = append(errs, fmt.Errorf("shard %d/%d is missing", number, first.Shard.Of))
		}
	}
	return errors.Join(errs...)
}
