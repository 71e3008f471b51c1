package experiment

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Shard is one of several equal parts of some work, each for a machine of its own.
type Shard struct {
	// Number counts from 1 up to Of. The zero value is all of the work.
	Number int `json:"number"`
	Of     int `json:"of"`
}

// shardsMax bounds Shard.Of.
const shardsMax = 10_000

// ParseShard reads "3/8".
func ParseShard(text string) (Shard, error) {
	number, of, _ := strings.Cut(text, "/")
	var s Shard
	var errs [2]error
	s.Number, errs[0] = strconv.Atoi(number)
	s.Of, errs[1] = strconv.Atoi(of)
	if errors.Join(errs[:]...) != nil || s.Of < 1 || s.Of > shardsMax || s.Number < 1 ||
		s.Number > s.Of {
		return Shard{}, fmt.Errorf("%q is not such as 3/8: from 1/8 to 8/8", text)
	}
	return s, nil
}

// String returns "3/8", or nothing for all of the work.
func (s Shard) String() string {
	if s.Of == 0 {
		return ""
	}
	return fmt.Sprintf("%d/%d", s.Number, s.Of)
}

// Has reports whether a piece of the work, counted from 0, is in the shard.
func (s Shard) Has(piece int) bool { return s.Of == 0 || piece%s.Of == s.Number-1 }

// MergeResults puts the results of all shards of an experiment together: they are those of one
// machine. The seeds are in the order of the experiment.
func MergeResults(parts []*Results, seeds []uint64) (*Results, error) {
	if len(parts) == 0 {
		return nil, errors.New("there are no parts")
	}
	out := *parts[0]
	out.WallSeconds, out.WallLoadSeconds = 0, 0
	out.Variants = slices.Clone(parts[0].Variants)
	for i := range out.Variants {
		v := &out.Variants[i]
		v.Runs, v.Accounts = []Run{}, []AccountQuota{}
		for _, seed := range seeds {
			for _, p := range parts {
				if len(p.Variants) != len(out.Variants) || p.Variants[i].Name != v.Name {
					return nil, errors.New("the parts are of different experiments")
				}
				from := &p.Variants[i]
				at := slices.IndexFunc(from.Runs, func(r Run) bool { return r.Seed == seed })
				if at < 0 {
					continue
				}
				if len(v.Runs) == 0 {
					v.Accounts = from.Accounts
				}
				v.Runs = append(v.Runs, from.Runs[at])
			}
		}
		if len(v.Runs) != len(seeds) {
			return nil, fmt.Errorf("%s has %d runs in all parts, and should have %d", v.Name,
				len(v.Runs), len(seeds))
		}
	}
	for _, p := range parts {
		out.Partial = out.Partial || p.Partial
	}
	out.compare()
	return &out, nil
}

// compare fills in how the variants differ from the first one.
func (r *Results) compare() {
	r.Differences = []Difference{}
	for i := 1; i < len(r.Variants); i++ {
		r.Differences = append(r.Differences, Compare(&r.Variants[0], &r.Variants[i])...)
	}
}
