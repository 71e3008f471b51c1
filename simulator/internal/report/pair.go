package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/quotasched/quotasched/internal/words"
	"github.com/quotasched/quotasched/simulator/experiment"
)

// Pair is the results of two experiments, and how those of the second one differ from those of the
// first one.
type Pair struct {
	// BaseName and OtherName are names for people, such as those of the files.
	BaseName, OtherName string
	Base, Other         *experiment.Results
	// Differences are of variants of Other (Difference.Variant) from variants of Base
	// (Difference.Baseline), which may have the same names.
	Differences []experiment.Difference
	// OnlyBase and OnlyOther name the variants that were not compared.
	OnlyBase, OnlyOther []string
}

// PairDifferences writes how two experiments differ, as [Differences] does: a table for each two
// variants that were compared, in the order of the second experiment's.
func PairDifferences(out io.Writer, p *Pair, o Options) error {
	var b strings.Builder
	text := func(s string) string { return s }
	heading := ""
	if o.Markdown {
		text, heading = words.MarkdownText, "### "
	}
	fmt.Fprintf(&b, "%s%s against %s\n", heading, text(words.Printable(p.OtherName)),
		text(words.Printable(p.BaseName)))
	for _, note := range o.Notes {
		fmt.Fprintf(&b, "%s\n", text(words.Printable(note)))
	}
	for _, side := range []struct {
		name    string
		results *experiment.Results
	}{{p.BaseName, p.Base}, {p.OtherName, p.Other}} {
		if side.results.Partial {
			fmt.Fprintf(&b, "\nPARTIAL: %s was stopped before its end\n", text(words.Printable(side.name)))
		}
	}
	for _, two := range p.compared() {
		s := newStudy(two)
		w := s.verdict(1)
		lead := variantLabel(w.Variant) + ": " + s.lead(&w)
		if o.Markdown {
			fmt.Fprintf(&b, "\n%s\n\n", text(lead))
			markdownChanges(&b, "▼", w.Less)
			markdownChanges(&b, "▲", w.More)
		} else {
			fmt.Fprintf(&b, "\n%s\n", words.Wrap(lead, words.Columns))
			writeChanges(&b, "waits less", w.Less)
			writeChanges(&b, "waits more", w.More)
		}
		if !w.Same {
			s.writeDifferences(&b, 1, o)
		}
		if s.seeds == 1 {
			b.WriteString("With one seed, nothing is known of chance.\n")
		}
	}
	for _, only := range []struct {
		name     string
		variants []string
	}{{p.BaseName, p.OnlyBase}, {p.OtherName, p.OnlyOther}} {
		for _, v := range only.variants {
			fmt.Fprintf(&b, "\nonly in %s: %s\n", text(words.Printable(only.name)), text(variantLabel(v)))
		}
	}
	return flush(out, &b)
}

// markdownChanges lists the accounts that wait less or more, up to three.
func markdownChanges(b *strings.Builder, arrow string, list []change) {
	first, rest := changes(list, changesMax)
	for _, c := range first {
		fmt.Fprintf(b, "- %s %s: %s instead of %s\n", arrow, words.MarkdownText(c.Account), c.Now,
			c.Before)
	}
	if rest > 0 {
		fmt.Fprintf(b, "- %s and %s more\n", arrow, count(rest))
	}
}

// compared makes results of each two variants that were compared, with names that tell them apart.
func (p *Pair) compared() []*experiment.Results {
	var list []*experiment.Results
	for i := range p.Other.Variants {
		other := p.Other.Variants[i]
		two := &experiment.Results{}
		baseline := ""
		for _, d := range p.Differences {
			if d.Variant == other.Name {
				baseline = d.Baseline
				two.Differences = append(two.Differences, d)
			}
		}
		base, found := variantOf(p.Base, baseline)
		if len(two.Differences) == 0 || !found {
			continue
		}
		base.Name = p.BaseName + ": " + base.Name
		other.Name = p.OtherName + ": " + other.Name
		two.Variants = []experiment.Variant{base, other}
		for k := range two.Differences {
			two.Differences[k].Baseline, two.Differences[k].Variant = base.Name, other.Name
		}
		list = append(list, two)
	}
	return list
}

// variantOf returns a copy of the variant with a name.
func variantOf(r *experiment.Results, name string) (experiment.Variant, bool) {
	for i := range r.Variants {
		if r.Variants[i].Name == name {
			return r.Variants[i], true
		}
	}
	return experiment.Variant{}, false
}
