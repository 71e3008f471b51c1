package experiment

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/quotasched/quotasched/internal/field"
	"github.com/quotasched/quotasched/internal/words"
	"github.com/quotasched/quotasched/internal/yamltree"
)

// variant is a policy with a combination of swept values.
type variant struct {
	name       string
	parameters []Parameter
	policy     int            // in File.Policies
	root       *yamltree.Node // of the file with the values in it
	workload   string         // what of the file makes its workload: equal texts mean the same one
	trace      string         // the log's path; empty if the workload is generated

	// policyName and description are the policy's.
	policyName, description string
}

// file decodes the file of a variant. A thousand of them would need much memory at once, while
// their trees share what is equal.
func (v *variant) file() *File {
	f, _ := decode(v.root) // expand found no mistake in it
	return f
}

// axis is a sweep whose path is known.
type axis struct {
	path   []string
	policy int    // that it concerns; -1 for all
	short  string // the path in names of variants
	values []*yamltree.Node
}

// notSwept are fields that are the same for all variants.
var notSwept = []string{"name", "description", "seeds", "sweep", "report", "policies"}

// expand makes the variants of a file: its policies in order, and for each the combinations of the
// values that concern it, the last sweep changing fastest.
func expand(root *yamltree.Node, file *File) ([]*variant, yamltree.Mistakes) {
	var axes []axis
	var mistakes yamltree.Mistakes
	for i := range file.Sweep {
		a, err := newAxis(root, file, &file.Sweep[i])
		if err != nil {
			err = field.In("sweep", field.In(field.Index(i), err))
			mistakes = append(mistakes, yamltree.Locate(root, err)...)
		}
		axes = append(axes, a)
	}
	if len(mistakes) > 0 {
		return nil, mistakes
	}
	runs := 0
	for p := range file.Policies {
		n := len(file.Seeds)
		for _, a := range axes {
			if a.concerns(p) {
				n = min(n*len(a.values), runsMax+1)
			}
		}
		runs += n
	}
	if runs > runsMax {
		return nil, yamltree.Locate(root, fmt.Errorf("has more than %s runs: policies with all "+
			"combinations of swept values, times %s", words.Number(runsMax),
			words.Count(len(file.Seeds), "seed")))
	}
	var variants []*variant
	for p := range file.Policies {
		more, wrong := expandPolicy(root, file, p, axes)
		variants, mistakes = append(variants, more...), append(mistakes, wrong...)
	}
	seen := map[string]bool{}
	for _, v := range variants {
		if seen[v.name] {
			mistakes = append(mistakes, yamltree.Locate(root,
				fmt.Errorf("two variants are called %q", v.name))...)
		}
		seen[v.name] = true
	}
	return variants, mistakes
}

func (a *axis) concerns(policy int) bool { return a.policy < 0 || a.policy == policy }

// sweptBytesMax bounds a swept value, which is part of the names of its variants.
const sweptBytesMax = 10_000

// newAxis finds out which policies a sweep concerns.
func newAxis(root *yamltree.Node, file *File, s *Sweep) (axis, error) {
	a := axis{policy: -1, short: s.Field, values: s.Values}
	var err error
	if a.path, err = yamltree.ParsePath(s.Field); err != nil {
		return a, field.In("field", err)
	}
	if len(s.Values) == 0 {
		return a, field.Errorf("values", "there is none")
	}
	if len(s.Values) > runsMax {
		return a, field.Errorf("values", "there are %s, more than %s", words.Number(len(s.Values)),
			words.Number(runsMax))
	}
	seen := map[string]bool{}
	for i, v := range s.Values {
		text := v.String()
		switch {
		case len(text) > sweptBytesMax:
			return a, field.In("values", field.Errorf(field.Index(i), "has %s bytes, more than %s",
				words.Number(len(text)), words.Number(sweptBytesMax)))
		case seen[text]:
			return a, field.In("values", field.Errorf(field.Index(i), "%s stands twice", text))
		}
		seen[text] = true
	}
	if a.path[0] == "policies" && len(a.path) > 2 {
		if _, err := yamltree.Set(root, a.path[:2], s.Values[0]); err != nil {
			return a, field.In("field", err)
		}
		a.policy = slices.IndexFunc(file.Policies, func(p Policy) bool {
			return p.Name == a.path[1]
		})
		if a.policy < 0 { // a number, which Set found to be one of an element
			if a.policy, err = strconv.Atoi(strings.Trim(a.path[1], "[]")); err != nil {
				return a, field.In("field", err)
			}
		}
		rest := a.path[2:]
		if rest[0] == "accounts" && len(rest) > 1 {
			rest = rest[1:]
		}
		if rest[0] == "name" || rest[0] == "base" {
			return a, field.Errorf("field", "%s is what makes a policy, and cannot be swept",
				rest[0])
		}
		a.short = field.Path(rest)
		return a, nil
	}
	if slices.Contains(notSwept, a.path[0]) {
		return a, field.Errorf("field", "%s cannot be swept", a.path[0])
	}
	return a, nil
}

// expandPolicy makes the variants of one policy.
func expandPolicy(root *yamltree.Node, file *File, policy int, axes []axis) ([]*variant,
	yamltree.Mistakes) {
	axes = slices.DeleteFunc(slices.Clone(axes), func(a axis) bool { return !a.concerns(policy) })
	var variants []*variant
	var mistakes yamltree.Mistakes
	for combination := range combinations(axes) {
		v := &variant{policy: policy, policyName: file.Policies[policy].Name}
		tree := root
		name := []string{file.Policies[policy].Name}
		for i, a := range axes {
			value := a.values[combination[i]]
			next, err := yamltree.Set(tree, a.path, value)
			if err != nil {
				return nil, append(mistakes, &yamltree.Mistake{At: value.At, Path: a.path, Err: err})
			}
			tree = next
			v.parameters = append(v.parameters, Parameter{Field: field.Path(a.path),
				Value: value.String()})
			name = append(name, fmt.Sprintf("%s = %s", a.short, value))
		}
		v.name = strings.Join(name, ", ")
		own := file
		if len(axes) > 0 {
			var wrong yamltree.Mistakes
			if own, wrong = decode(tree); len(wrong) > 0 {
				mistakes = append(mistakes, wrong...)
				continue
			}
		}
		v.root, v.workload = tree, workloadKey(tree)
		v.description = own.Policies[policy].Description
		if own.Trace != nil {
			v.trace = own.Trace.File
		}
		variants = append(variants, v)
	}
	return variants, mistakes
}

// combinations yields the index of a value for each axis, the last one changing fastest.
func combinations(axes []axis) func(yield func([]int) bool) {
	return func(yield func([]int) bool) {
		at := make([]int, len(axes))
		for {
			if !yield(at) {
				return
			}
			i := len(axes) - 1
			for ; i >= 0; i-- {
				if at[i]++; at[i] < len(axes[i].values) {
					break
				}
				at[i] = 0
			}
			if i < 0 {
				return
			}
		}
	}
}

// workloadKey tells variants with different workloads apart: it is the SHA-256 of the part of a
// file that makes its workload.
func workloadKey(root *yamltree.Node) string {
	key := sha256.New()
	for _, name := range []string{"trace", "workload"} {
		if n := root.Field(name); n != nil {
			fmt.Fprintln(key, name, n)
		}
	}
	return string(key.Sum(nil))
}
