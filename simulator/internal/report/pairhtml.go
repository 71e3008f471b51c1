package report

import (
	"fmt"
	"io"
	"strings"
)

// PairHTML writes how two experiments differ as a page: of one pair of variants with all charts, of
// several as tables.
func PairHTML(w io.Writer, p *Pair, o HTMLOptions) error {
	pairs := p.compared()
	title := p.OtherName + " against " + p.BaseName
	if len(pairs) == 1 {
		two := pairs[0]
		two.Name, two.Description = title, p.Other.Description
		two.Workload = p.Other.Workload
		two.Partial = p.Base.Partial || p.Other.Partial
		return HTML(w, two, o)
	}
	var text strings.Builder
	if err := PairDifferences(&text, p, Options{Top: o.Top}); err != nil {
		return err
	}
	page := &plainPage{Kind: "compare", Title: title, Description: p.Other.Description,
		Sections: []plainSection{{Title: fmt.Sprintf("%d pairs of variants", len(pairs)),
			Text: text.String()}}}
	return page.write(w, o)
}
